import type { Entry, Member } from '../history.ts';
import { foldAll } from './changes.ts';
import { type Asked, type Digest, grouped, isGroup, isMessage, ofKind, type Violation } from './digest.ts';

/** Time that live delivery has to forget somebody: 1 s by the invariant, and one for this machine. */
const forgetMs = 2_000;

/** Invariant 5: only members write, read and are told; whoever was removed is a stranger from then on. */
export function checkMembership(digest: Digest): Violation[] {
  return [...checkReads(digest), ...checkHeard(digest), ...checkStrangers(digest), ...checkFinals(digest)];
}

/** The calls that were about somebody's membership, by conversation and person. */
function changesOf({ asked }: Digest) {
  const changes = new Map<string, Asked[]>();
  const add = (group: string, person: string, call: Asked) => {
    const key = `${group} ${person}`;
    changes.set(key, [...(changes.get(key) ?? []), call]);
  };
  for (const call of asked) {
    if (call.call.kind === 'add' || call.call.kind === 'remove') add(call.call.group, call.call.member, call);
  }
  return changes;
}

/**
 * Since when somebody was out for certain at a time: the end of a removal that was done, with no adding that could
 * have taken effect after the removal began. Undefined where they may have been in.
 */
function outSince(changes: Asked[], atMs: number): number | undefined {
  const removal = changes
    .filter(({ call, answer, endMs }) => call.kind === 'remove' && answer?.outcome === 'ok' && endMs < atMs)
    .at(-1);
  if (!removal) return undefined;
  const isAddable = changes.some(
    ({ call, startMs, endMs }) => call.kind === 'add' && endMs > removal.startMs && startMs < atMs,
  );
  return isAddable ? undefined : removal.endMs;
}

/** A history or an own message that was answered though it was asked for after the removal. */
function checkReads(digest: Digest): Violation[] {
  const changes = changesOf(digest);
  return digest.asked.flatMap(({ person, call, startMs, endMs, answer }) => {
    if (
      answer?.outcome !== 'ok' ||
      !('group' in call) ||
      !['history', 'send', 'mark-read', 'settings'].includes(call.kind)
    )
      return [];
    const ofPerson = changes.get(`${call.group} ${person}`) ?? [];
    const since = outSince(ofPerson, startMs);
    const isBack = ofPerson.some(
      (change) => change.call.kind === 'add' && change.startMs < endMs && change.endMs > startMs,
    );
    if (since === undefined || isBack) return [];
    return [
      wrong(`${person} was answered a ${call.kind} of ${call.group} at ${startMs}, removed at ${since}`),
    ];
  });
}

/** An entry that came to a socket after its person's removal was done. A pause of a process pauses the second, too. */
function checkHeard(digest: Digest): Violation[] {
  const changes = changesOf(digest);
  return digest.sights.flatMap(({ atMs, person, entry, socket }) => {
    if (socket === undefined) return [];
    const since = outSince(changes.get(`${entry.message_group_uuid} ${person}`) ?? [], atMs);
    if (since === undefined) return [];
    const lastPause = digest.faults.filter(
      ({ kind, endMs }) => kind === 'pause' && endMs > since && endMs <= atMs,
    );
    const from = Math.max(since, ...lastPause.map(({ endMs }) => endMs));
    const isPaused = digest.faults.some(
      (fault) => fault.kind === 'pause' && fault.atMs <= atMs && atMs <= fault.endMs,
    );
    if (isPaused || atMs - from <= forgetMs) return [];
    const place = `${entry.message_group_uuid} ${entry.seq}`;
    return [wrong(`${person} heard ${place} ${Math.round(atMs - from)} ms after the removal`)];
  });
}

/** Answers about a conversation in which the person never was, and nobody ever asked to let in. */
function checkStrangers({ asked, logs }: Digest): Violation[] {
  const everIn = new Map([...logs].map(([group, log]) => [group, everMembers(log, asked, group)]));
  return asked.flatMap(({ person, call, answer }) => {
    if (!('group' in call) || answer?.outcome !== 'ok') return [];
    const members = everIn.get(call.group);
    if (!members || members.has(person)) return [];
    return [wrong(`${person}, who never was in ${call.group}, was answered a ${call.kind}`)];
  });
}

/** Whoever wrote in it, made it, was added to it, or was in it at the end. */
function everMembers(log: Entry[], asked: Asked[], group: string) {
  const members = new Set(log.map(({ user_uuid }) => user_uuid));
  for (const { person, call, answer } of asked) {
    if (call.kind === 'add' && call.group === group) members.add(call.member);
    if (call.kind === 'send' && call.group === group && call.to)
      for (const each of [person, call.to]) members.add(each);
    if (call.kind !== 'create' || (answer?.outcome === 'ok' && answer.result.details?.group !== group))
      continue;
    for (const each of [person, ...call.members]) members.add(each);
  }
  return members;
}

/**
 * At the end the members by the log, by the table and by every backend are the same people with the same roles and
 * title, and each of them is shown the conversation.
 */
function checkFinals(digest: Digest): Violation[] {
  const finals = grouped(digest.finals, ({ group }) => group);
  return [...digest.tables.values()].flatMap((table) => [
    ...checkTable(table, digest),
    ...checkShown(table, digest, finals.get(table.group) ?? []),
    ...checkRead(table, digest, finals.get(table.group) ?? []),
    ...checkAuthors(table.group, digest),
  ]);
}

type Table = Digest['tables'] extends Map<string, infer T> ? T : never;

/** A direct conversation has no membership entries: whoever began it named its two people. */
function membersByCalls({ group, entries }: Table, { asked }: Digest) {
  if (isGroup(entries)) {
    const { members, title } = foldAll(entries);
    return { roles: rolesOf([...members].map(([uuid, role]) => ({ uuid, role }))), title };
  }
  const first = ofKind(asked, 'send').find(({ call }) => call.group === group && call.to !== undefined);
  const pair = entries.length > 0 && first ? [first.person, first.call.to ?? ''] : [];
  return { roles: rolesOf(pair.map((uuid) => ({ uuid, role: 'member' }))), title: null };
}

const rolesOf = (members: Member[]) =>
  members
    .map(({ uuid, role }) => `${uuid} ${role}`)
    .toSorted()
    .join(', ');

function checkTable(table: Table, digest: Digest): Violation[] {
  const { group, members, title } = table;
  const byLog = membersByCalls(table, digest);
  const violations: Violation[] = [];
  if (rolesOf(members) !== byLog.roles)
    violations.push(wrong(`${group} has the members ${rolesOf(members)}, and by its log ${byLog.roles}`));
  if (title !== byLog.title)
    violations.push(wrongTitle(`${group} has the title ${title}, and by its log ${byLog.title}`));
  return violations;
}

/** What the backends show of a conversation, and to whom. */
function checkShown(table: Table, digest: Digest, finals: Digest['finals']): Violation[] {
  const { group, members, title } = table;
  const violations: Violation[] = [];
  const living = members.filter(({ uuid }) => !digest.erased.has(uuid)).map(({ uuid }) => uuid);
  for (const { person, node, details } of finals) {
    if (!living.includes(person))
      violations.push(wrong(`${person} reads ${group} at ${node}, and is no member`));
    if (rolesOf(details.members) !== rolesOf(members))
      violations.push(wrong(`${person} reads other members of ${group} at ${node}`));
    if (details.title !== title)
      violations.push(
        wrongTitle(`${person} reads the title ${details.title} of ${group} at ${node}, not ${title}`),
      );
  }
  for (const { person, node, status, group: refused } of digest.refusals)
    if (refused === group && living.includes(person))
      violations.push(lost(`${person} is a member of ${group}, and ${node} answers ${status}`));
  for (const { person, node, rows } of digest.inboxes) {
    const row = rows.find(({ uuid }) => uuid === group);
    const isMember = living.includes(person);
    if (row && !isMember)
      violations.push(wrong(`${group} is in the inbox of ${person} at ${node}, no member`));
    if (!row && isMember)
      violations.push(lost(`${group} is not in the inbox of ${person}, a member, at ${node}`));
    if (row?.kind === 'group' && row.display_name !== title)
      violations.push(wrongTitle(`${person}'s row of ${group} at ${node} has the title ${row.display_name}`));
  }
  return violations;
}

/** Every backend was asked what it shows to every member: what was not read would be judged by nothing. */
function checkRead({ group, members }: Table, digest: Digest, finals: Digest['finals']): Violation[] {
  const refusals = digest.refusals.filter((refusal) => refusal.group === group);
  const read = new Set([...finals, ...refusals].map(({ person, node }) => `${person} ${node}`));
  const inboxes = new Set(digest.inboxes.map(({ person, node }) => `${person} ${node}`));
  const nodes = new Set(digest.inboxes.map(({ node }) => node));
  return members
    .filter(({ uuid }) => !digest.erased.has(uuid))
    .flatMap(({ uuid }) => [...nodes].map((node) => `${uuid} ${node}`))
    .filter((name) => !read.has(name) || !inboxes.has(name))
    .map((name) => lost(`${group} was not read at the end by its member ${name}`));
}

function checkAuthors(group: string, { asked, logs }: Digest): Violation[] {
  const log = logs.get(group) ?? [];
  if (!isGroup(log)) return [];
  const members = everMembers([], asked, group);
  return log
    .filter((entry) => isMessage(entry) && !members.has(entry.user_uuid))
    .map(({ seq, user_uuid }) => wrong(`${group} ${seq} is by ${user_uuid}, whom nobody let in`));
}

const wrong = (detail: string): Violation => ({ invariant: 5, kind: 'not a member', detail });
const wrongTitle = (detail: string): Violation => ({ invariant: 3, kind: 'role or title wrong', detail });
const lost = (detail: string): Violation => ({ invariant: 5, kind: 'lost', detail });

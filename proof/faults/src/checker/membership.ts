import type { Entry, Member } from '../history.ts';
import { foldAll } from './changes.ts';
import { type Asked, type Digest, grouped, isGroup, isMessage, ofKind, type Violation } from './digest.ts';

/** How soon after a removal live delivery must stop: 1 s by the invariant, and 1 s for a loaded machine. */
const forgetMs = 2_000;

/** Invariant 5: only members write, read and receive entries; a removed member becomes a stranger. */
export function checkMembership(digest: Digest): Violation[] {
  return [...checkReads(digest), ...checkHeard(digest), ...checkStrangers(digest), ...checkFinals(digest)];
}

/** The calls that change a membership, by conversation and person. */
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
 * The time since which somebody was surely not a member at `atMs`: the end of a successful removal, if no call to add
 * them could have taken effect after it began. Undefined if they may have been a member.
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

/** A successful read or send that a removed member began after the removal. */
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

/** An entry that a socket received after the removal of its person. The time excludes pauses of processes. */
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
    return [wrong(`${person} received ${place} ${Math.round(atMs - from)} ms after the removal`)];
  });
}

/** Successful calls of somebody who never was a member and whom nobody tried to add. */
function checkStrangers({ asked, logs }: Digest): Violation[] {
  const everIn = new Map([...logs].map(([group, log]) => [group, everMembers(log, asked, group)]));
  return asked.flatMap(({ person, call, answer }) => {
    if (!('group' in call) || answer?.outcome !== 'ok') return [];
    const members = everIn.get(call.group);
    if (!members || members.has(person)) return [];
    return [wrong(`${person}, never a member of ${call.group}, was answered a ${call.kind}`)];
  });
}

/** People who wrote in a conversation, created it, were added to it, or were members at the end. */
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
 * At the end the log, the table and every backend have the same members, roles and title, and every member has the
 * conversation in the inbox.
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

/** A direct conversation has no membership entries: the first call named its two members. */
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
    violations.push(wrong(`${group} has the members ${rolesOf(members)}, but by its log ${byLog.roles}`));
  if (title !== byLog.title)
    violations.push(wrongTitle(`${group} has the title ${title}, but by its log ${byLog.title}`));
  return violations;
}

/** The details and inbox rows that the backends show of a conversation. */
function checkShown(table: Table, digest: Digest, finals: Digest['finals']): Violation[] {
  const { group, members, title } = table;
  const violations: Violation[] = [];
  const living = members.filter(({ uuid }) => !digest.erased.has(uuid)).map(({ uuid }) => uuid);
  for (const { person, node, details } of finals) {
    if (!living.includes(person))
      violations.push(wrong(`${person} can read ${group} at ${node}, but is not a member`));
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
      violations.push(wrong(`${group} is in the inbox of ${person} at ${node}, who is not a member`));
    if (!row && isMember)
      violations.push(lost(`${group} is not in the inbox of ${person}, a member, at ${node}`));
    if (row?.kind === 'group' && row.display_name !== title)
      violations.push(wrongTitle(`${person}'s row of ${group} at ${node} has the title ${row.display_name}`));
  }
  return violations;
}

/** Every backend must be read for every member at the end: otherwise no check would cover it. */
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
    .map(({ seq, user_uuid }) => wrong(`${group} ${seq} is by ${user_uuid}, whom nobody added`));
}

const wrong = (detail: string): Violation => ({ invariant: 5, kind: 'not a member', detail });
const wrongTitle = (detail: string): Violation => ({ invariant: 3, kind: 'role or title wrong', detail });
const lost = (detail: string): Violation => ({ invariant: 5, kind: 'lost', detail });

import type { Entry } from '../history.ts';
import { type Asked, type Digest, grouped, isMessage, type Violation } from './digest.ts';

/** Time that live delivery has to forget somebody: 1 s by the invariant, and one for this machine. */
const forgetMs = 2_000;

/** Invariant 5: only members write, read and hear; who was removed is a stranger from then on. */
export function checkMembership(digest: Digest): Violation[] {
  return [...checkReads(digest), ...checkHeard(digest), ...checkStrangers(digest), ...checkFinals(digest)];
}

/** The calls that were about somebody's membership, by conversation and person. */
function changesOf({ asked }: Digest) {
  const changes = new Map<string, Asked[]>();
  const note = (group: string, person: string, call: Asked) => {
    const key = `${group} ${person}`;
    changes.set(key, [...(changes.get(key) ?? []), call]);
  };
  for (const call of asked) {
    if (call.call.kind === 'add' || call.call.kind === 'remove')
      note(call.call.group, call.call.member, call);
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
      !['history', 'send', 'mark-read'].includes(call.kind)
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
    if (call.kind !== 'create' || (answer?.outcome === 'ok' && answer.result.group !== group)) continue;
    for (const each of [person, ...call.members]) members.add(each);
  }
  return members;
}

/** At the end everybody who has the conversation in the inbox reads the same members, and is one. */
function checkFinals({ finals, inboxes, asked, logs }: Digest): Violation[] {
  const violations: Violation[] = [];
  for (const [group, readings] of grouped(finals, (final) => final.group)) {
    const members = readings[0]?.members.toSorted() ?? [];
    for (const { person, members: read } of readings) {
      if (`${read.toSorted()}` !== `${members}`)
        violations.push(wrong(`${person} reads other members of ${group}`));
      if (!read.includes(person)) violations.push(wrong(`${person} reads ${group}, and is no member`));
    }
    const holders = [...inboxes]
      .filter(([, rows]) => rows.some(({ uuid }) => uuid === group))
      .map(([each]) => each);
    if (`${holders.toSorted()}` !== `${members}`)
      violations.push(wrong(`${group} is in ${holders.length} inboxes and has ${members.length} members`));
    const isGroup = logs.get(group)?.[0]?.type === 'group_created';
    for (const { user_uuid, seq } of (isGroup ? logs.get(group) : [])?.filter(isMessage) ?? [])
      if (!everMembers([], asked, group).has(user_uuid))
        violations.push(wrong(`${group} ${seq} is by ${user_uuid}, whom nobody let in`));
  }
  return violations;
}

const wrong = (detail: string): Violation => ({ invariant: 5, kind: 'not a member', detail });

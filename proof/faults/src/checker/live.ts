import { type Digest, grouped, ofKind, type Violation } from './digest.ts';

/** Invariant 6: a connected member receives every entry within this time after the last fault on its path. */
export const stallLimitMs = 15_000;

export type Stalls = {
  /** The longest wait of a connected member for an entry, from the last fault on the path. */
  longestMs: number;
  /** The same, but from the entry itself, or from the time that the socket became ready: it includes faults. */
  longestWithFaultsMs: number;
};

/** Invariant 6. */
export function checkLive(digest: Digest): { violations: Violation[]; stalls: Stalls } {
  const violations = checkSocketOrder(digest);
  const stalls: Stalls = { longestMs: 0, longestWithFaultsMs: 0 };
  const known = firstSights(digest);
  const sockets = grouped(
    digest.sockets.filter(({ is }) => is === 'ready'),
    ({ person }) => person,
  );
  // It is enough if one backend delivered it.
  const members = new Map(digest.finals.map((final) => [`${final.group} ${final.person}`, final]));
  for (const { group, person } of members.values()) {
    const ready = sockets.get(person) ?? [];
    for (const { seq } of digest.logs.get(group) ?? []) {
      const place = `${group} ${seq}`;
      const seenMs = known.byPerson.get(`${person} ${place}`) ?? digest.endMs;
      // Members from the first entry, or since this entry added them: earlier entries are not delivered to them.
      const sinceMs = Math.max(known.first.get(place) ?? 0, known.joined.get(`${person} ${group}`) ?? 0);
      const current = ready.findLast(({ atMs }) => atMs <= seenMs);
      if (!current) continue;
      const dueMs = Math.max(sinceMs, current.atMs);
      const firstReady = ready.find(({ atMs }) => atMs >= sinceMs)?.atMs ?? current.atMs;
      const waitedMs = seenMs - Math.max(sinceMs, Math.min(firstReady, current.atMs));
      const stallMs = seenMs - lastFaultMs(digest, current.node, dueMs, seenMs);
      stalls.longestMs = Math.max(stalls.longestMs, stallMs);
      stalls.longestWithFaultsMs = Math.max(stalls.longestWithFaultsMs, waitedMs);
      const isMissing = !known.byPerson.has(`${person} ${place}`);
      if (stallMs > stallLimitMs || isMissing)
        violations.push(
          wrong('not told', `${person} ${isMissing ? 'never received' : 'waited'} ${place}: ${stallMs} ms`),
        );
    }
  }
  return { violations, stalls };
}

/** When each entry was first known to anybody and to each person, and when somebody was last added. */
function firstSights({ sights, asked }: Digest) {
  const first = new Map<string, number>();
  const byPerson = new Map<string, number>();
  const joined = new Map<string, number>();
  const earliest = (map: Map<string, number>, key: string, atMs: number) => {
    if (atMs < (map.get(key) ?? Infinity)) map.set(key, atMs);
  };
  for (const { atMs, person, entry, isLook } of sights) {
    if (!Number.isFinite(atMs)) continue;
    const place = `${entry.message_group_uuid} ${entry.seq}`;
    earliest(first, place, atMs);
    if (!isLook) earliest(byPerson, `${person} ${place}`, atMs);
  }
  for (const { call, endMs } of ofKind(asked, 'add'))
    if (Number.isFinite(endMs)) joined.set(`${call.member} ${call.group}`, endMs);
  return { first, byPerson, joined };
}

/** The end of the last fault that could delay an entry on its way to a node, but not before the entry was due. */
function lastFaultMs({ faults }: Digest, node: string, dueMs: number, seenMs: number) {
  let lastMs = dueMs;
  for (const { atMs, endMs, target } of faults) {
    const isElsewhere = target.startsWith('backend-') && target !== node;
    if (!isElsewhere && atMs <= seenMs) lastMs = Math.max(lastMs, Math.min(endMs, seenMs));
  }
  return lastMs;
}

/** On each socket the entries of a conversation arrive in order. A repeated entry must have arrived before. */
function checkSocketOrder({ sights }: Digest): Violation[] {
  const last = new Map<string, number>();
  const violations: Violation[] = [];
  for (const { socket, entry, person } of sights) {
    if (socket === undefined) continue;
    const key = `${socket} ${person} ${entry.message_group_uuid}`;
    const before = last.get(key) ?? 0;
    if (entry.seq < before)
      violations.push(
        wrong('out of order', `${person} received ${entry.message_group_uuid} ${entry.seq} after ${before}`),
      );
    last.set(key, Math.max(before, entry.seq));
  }
  return violations;
}

const wrong = (kind: Violation['kind'], detail: string): Violation => ({ invariant: 6, kind, detail });

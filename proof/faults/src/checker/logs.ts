import type { Entry, StoredEntry } from '../history.ts';
import { type Digest, namesErased, type Violation } from './digest.ts';

/** A node with a wrong clock uses the clock of the table, and never dates an entry further ahead than this. */
const maxAheadMs = 5_000;

/** Invariant 1, and that an entry never changes: everybody receives the same entry for a position at all times. */
export function checkLogs(digest: Digest): Violation[] {
  const { logs, finals, sights } = digest;
  const violations = checkTimes(digest);
  for (const [group, log] of logs) violations.push(...checkDense(group, log));
  const finalSights: Digest['sights'] = [];
  for (const { group, person, node, entries } of finals) {
    const log = logs.get(group) ?? [];
    if (entries.length !== log.length)
      violations.push(
        changed(`${person} reads ${entries.length} of ${log.length} entries of ${group} at ${node}`),
      );
    finalSights.push(...entries.map((entry) => ({ atMs: Infinity, person, entry })));
  }
  const accused = new Set<string>();
  for (const { entry, person, atMs } of [...sights, ...finalSights]) {
    const kept = logs.get(entry.message_group_uuid)?.[entry.seq - 1];
    const place = `${entry.message_group_uuid} ${entry.seq}`;
    if (accused.has(place) || (kept && isSame(kept, entry, atMs < Infinity && namesErased(kept, digest))))
      continue;
    accused.add(place);
    violations.push(
      changed(`${person} saw ${JSON.stringify(entry)} at ${place}, which is ${JSON.stringify(kept)}`),
    );
  }
  return violations;
}

const changed = (detail: string): Violation => ({ invariant: 1, kind: 'changed', detail });

/** An entry whose time is later than the time that somebody received it. */
function checkTimes({ logs, sights, wallMs }: Digest): Violation[] {
  const firstSeen = new Map<string, number>();
  for (const { atMs, entry } of sights) {
    const place = `${entry.message_group_uuid} ${entry.seq}`;
    if (atMs < (firstSeen.get(place) ?? Infinity)) firstSeen.set(place, atMs);
  }
  const violations: Violation[] = [];
  for (const [group, log] of logs) {
    for (const [index, { seq, created_at }] of log.entries()) {
      const aheadMs = Date.parse(created_at) - wallMs - (firstSeen.get(`${group} ${seq}`) ?? Infinity);
      // An entry with a later time pushes the times of the following entries.
      if (aheadMs <= maxAheadMs || log[index - 1]?.created_at === created_at) continue;
      violations.push({
        invariant: 1,
        kind: 'wrong time',
        detail: `${group} ${seq} of ${created_at} was received ${Math.round(aheadMs)} ms before its time`,
      });
    }
  }
  return violations;
}

function checkDense(group: string, log: Entry[]): Violation[] {
  const violations: Violation[] = [];
  for (const [index, entry] of log.entries()) {
    const before = log[index - 1];
    if (entry.seq !== index + 1)
      violations.push({
        invariant: 1,
        kind: 'lost',
        detail: `entry ${index + 1} of ${group} is missing: ${entry.seq} follows ${before?.seq}`,
      });
    if (before && entry.created_at < before.created_at)
      violations.push({
        invariant: 1,
        kind: 'out of order',
        detail: `created_at of ${group} ${entry.seq} (${entry.created_at}) is before ${before.created_at}`,
      });
  }
  return violations;
}

/** `mayLoseText`: it was received before somebody whom it names was erased. */
const isSame = (one: StoredEntry, other: Entry, mayLoseText: boolean) =>
  one.uuid === other.uuid &&
  one.type === other.type &&
  one.user_uuid === other.user_uuid &&
  (mayLoseText || one.message === other.message) &&
  one.created_at === other.created_at;

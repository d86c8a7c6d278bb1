import type { Entry, Row } from '../history.ts';
import {
  type Digest,
  grouped,
  isMessage,
  messageCounts,
  namesErased,
  ofKind,
  resultOf,
  type Violation,
} from './digest.ts';

const previewCodePoints = 200;
const preview = (text: string) => [...text].slice(0, previewCodePoints).join('');

/** Invariants 3 and 4: a row is always consistent in itself, and exact at the end. */
export function checkSummaries(digest: Digest): Violation[] {
  const counts = new Map([...digest.logs].map(([group, log]) => [group, messageCounts(log)]));
  const shown = digest.rows.flatMap(({ person, row }) => checkRow(person, row, digest, counts, false));
  const atEnd = digest.inboxes.flatMap(({ person, rows }) =>
    rows.flatMap((row) => checkRow(person, row, digest, counts, true)),
  );
  return [
    ...shown,
    ...atEnd,
    ...checkReadAnswers(digest, counts),
    ...checkForward(digest),
    ...checkFinal(digest, counts),
  ];
}

type Counts = Map<string, number[]>;

/** Invariant 4. A row that was received before an erasure may show text that is deleted at the end. */
function checkRow(person: string, row: Row, digest: Digest, counts: Counts, isFinal: boolean): Violation[] {
  const log = digest.logs.get(row.uuid) ?? [];
  const newest = log[row.last_seq - 1];
  const unread = unreadOf(counts.get(row.uuid) ?? [], row.read_seq, row.last_seq);
  const violations: Violation[] = [];
  if (unread !== row.unread_count)
    violations.push({
      invariant: 4,
      kind: 'unread wrong',
      detail: `${person}: ${JSON.stringify(row)} has ${unread}`,
    });
  const mayLoseText = !isFinal && newest !== undefined && namesErased(newest, digest);
  // The inbox shows nothing of an entry by an erased person (docs/api.md).
  const isHidden = row.message === '' && digest.erased.has(newest?.user_uuid ?? '');
  const isText = mayLoseText || isHidden || preview(newest?.message ?? '') === row.message;
  if (newest?.created_at !== row.created_at || !isText)
    violations.push({
      invariant: 4,
      kind: 'summary wrong',
      detail: `${person}: ${JSON.stringify(row)} shows ${JSON.stringify(newest)}`,
    });
  return violations;
}

const unreadOf = (counts: number[], readSeq: number, lastSeq: number) =>
  Math.max(0, (counts[lastSeq] ?? Number.NaN) - (counts[readSeq] ?? Number.NaN));

/** The answer of mark-read does not name the newest entry that it counted: the count must be right for one of them. */
function checkReadAnswers({ asked }: Digest, counts: Counts): Violation[] {
  return ofKind(asked, 'mark-read').flatMap((each) => {
    const read = resultOf(each)?.read;
    if (!read) return [];
    const ofGroup = counts.get(each.call.group) ?? [0];
    const most = unreadOf(ofGroup, read.read_seq, ofGroup.length - 1);
    if (read.unread_count >= 0 && read.unread_count <= most && read.read_seq >= each.call.seq) return [];
    const detail = `${each.person} marked ${each.call.group} ${each.call.seq}: ${JSON.stringify(read)}, of ${most}`;
    return [{ invariant: 4, kind: 'unread wrong', detail }] satisfies Violation[];
  });
}

/** Invariant 3: read positions never move backward. A later mark-read is never answered with a lower position. */
function checkForward({ asked }: Digest): Violation[] {
  const reads = ofKind(asked, 'mark-read').filter((each) => resultOf(each)?.read);
  const violations: Violation[] = [];
  const groups = grouped(reads, ({ person, call }) => `${person} ${call.group}`);
  for (const [name, ofPerson] of groups) {
    for (const [index, earlier] of ofPerson.entries()) {
      const later = ofPerson[index + 1];
      const [from = 0, to = 0] = [
        resultOf(earlier)?.read?.read_seq,
        later && resultOf(later)?.read?.read_seq,
      ];
      if (later && later.startMs > earlier.endMs && to < from)
        violations.push({
          invariant: 3,
          kind: 'read position wrong',
          detail: `${name} had read up to ${from}, but later only up to ${to}`,
        });
    }
  }
  return violations;
}

/** Invariant 3 at the end, when the stream is drained: in the inbox and details of every backend. */
function checkFinal({ inboxes, finals, logs, asked }: Digest, counts: Counts): Violation[] {
  const violations: Violation[] = [];
  const wrong = (kind: Violation['kind'], detail: string) =>
    violations.push({ invariant: 3, kind, detail: `at the end, ${detail}` });
  const leastRead = (person: string, group: string) =>
    Math.max(ownSeq(logs.get(group) ?? [], person), acknowledgedRead(asked, person, group));
  for (const { person, node, rows } of inboxes) {
    for (const row of rows) {
      const log = logs.get(row.uuid) ?? [];
      const name = `${person} at ${node}: ${JSON.stringify(row)}`;
      if (row.last_seq !== log.length) wrong('summary wrong', `${name}, but the log has ${log.length}`);
      const least = leastRead(person, row.uuid);
      if (row.read_seq < least) wrong('read position wrong', `${name}, but ${least} was read`);
      const unread = unreadOf(counts.get(row.uuid) ?? [], row.read_seq, log.length);
      if (row.unread_count !== unread) wrong('unread wrong', `${name}, but ${unread} are unread`);
    }
  }
  for (const { person, node, group, details } of finals) {
    const least = leastRead(person, group);
    if (details.read_seq < least)
      wrong(
        'read position wrong',
        `${person} at ${node}: ${group} is read to ${details.read_seq}, not ${least}`,
      );
  }
  return violations;
}

const ownSeq = (log: Entry[], person: string) =>
  log.findLast((entry) => isMessage(entry) && entry.user_uuid === person)?.seq ?? 0;

function acknowledgedRead(asked: Digest['asked'], person: string, group: string) {
  const reads = ofKind(asked, 'mark-read').filter(
    (each) => each.person === person && each.call.group === group,
  );
  return Math.max(0, ...reads.map((each) => resultOf(each)?.read?.read_seq ?? 0));
}

import { setTimeout as sleep } from 'node:timers/promises';
import { flagsOf } from '@parley/contract/entry-kinds';
import pLimit from 'p-limit';
import * as summaries from '../inbox/summaries.ts';
import * as entries from '../log/entries.ts';
import { type Entry, largeGroupMembers } from '../log/entries.ts';
import type { Group } from '../log/members.ts';
import type { LogPosition } from '../log/position.ts';
import { createRosters, type Rosters } from '../log/rosters.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import type { Table } from '../table/client.ts';
import { isRetryableCode, isTransientFault, UnprocessedError } from '../table/faults.ts';
import { summaryKey } from '../table/keys.ts';
import { execute, maxStatements, type WriteBatch } from '../table/statements.ts';

/*
 * Rewrites the summaries of each conversation that a batch of stream records touches.
 *
 * 1. Newest is the greatest seq of the batch, never the last record: a transaction's records come in any order.
 * 2. A member's summary takes two pairs of absolute positions from the log: the newest entry's, and those of the
 *    member's own greatest message. Each pair moves only forward, by its own condition, so a batch that comes twice,
 *    late, cut or shuffled changes nothing.
 * 3. One statement carries both pairs. Where it is refused, each pair goes alone, the newest entry first: a summary's
 *    own position thus never passes its newest one.
 * 4. An entry is modified only to erase something from it. Its record rewrites a summary that shows this entry, and wins
 *    over the older record of the same entry, which can only write to a summary that lags behind it: and that one, the
 *    record of the erasure, which follows in the stream, rewrites again.
 * 5. An update never creates a summary (PartiQL's UPDATE refuses an absent item), so a removed member's stays gone.
 */

/** Records older than this are read again: their text may have been erased since. */
export const trustImageMs = 60_000;
const batchesInFlight = 4;
const maxAttempts = 4;

export type Projector = {
  /**
   * Rewrites what these records touch. Answers the conversations that failed, with the error of each. `remainingMs`
   * tells the time there is: what would not be done with a quarter of it left, fails with a DeadlineError.
   */
  project(records: EntryRecord[], remainingMs?: () => number): Promise<Map<string, unknown>>;
};

/** There was no time left for a conversation. Its summaries may have been rewritten in part. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** One summary's rewrite: the pairs of one statement, and what follows it whatever its outcome. */
type Rewrite = {
  messageGroupUuid: string;
  userUuid: string;
  newest?: Newest | undefined;
  sent?: LogPosition | undefined;
  next?: Rewrite | undefined;
  attempts: number;
};
type Newest = { entry: Entry; group: Group; isModified: boolean };

/** `batch`: how summaries are written together (docs/decisions/0003). */
export function createProjector(
  table: Table,
  rosters: Rosters = createRosters(table),
  batch: WriteBatch = 'statements',
): Projector {
  const limit = pLimit(batchesInFlight);

  async function project(records: EntryRecord[], remainingMs = () => Number.POSITIVE_INFINITY) {
    const budgetMs = remainingMs();
    // Half of the time at most goes into reading, or nothing would be written of what was read.
    const isLeft = (part: number) => remainingMs() > 0 && remainingMs() >= budgetMs * part;
    const mayPlan = () => isLeft(1 / 2);
    const mayWrite = () => isLeft(1 / 4);
    const failed = new Map<string, unknown>();
    const conversations = groupByConversation(records);
    const rewrites = await Promise.all(
      [...conversations].map(([uuid, ofConversation]) =>
        limit(() => inTime(mayPlan, () => plan(uuid, ofConversation))).catch((error) => {
          failed.set(uuid, error);
          return [];
        }),
      ),
    );
    for (let open = rewrites.flat(); open.length > 0; ) {
      const again = await write(open, failed, mayWrite);
      const attempts = Math.max(0, ...again.map((rewrite) => rewrite.attempts));
      if (attempts > 0) await sleep(Math.random() * 25 * 2 ** attempts);
      open = again;
    }
    return failed;
  }

  /** The rewrites of one conversation's summaries, one for each member. */
  async function plan(messageGroupUuid: string, records: EntryRecord[]): Promise<Rewrite[]> {
    const newest = newestOf(records);
    const roster = newest && (await rosters.get(messageGroupUuid));
    if (!roster) return [];
    const entry = await currentEntry(newest);
    if (!entry) {
      // The log does not hold this entry, for example after a restore to an earlier time. The entries before it count.
      const before = records.filter((record) => record.entry.seq < newest.entry.seq);
      return plan(messageGroupUuid, before);
    }
    const sent = newestSentBy(records);
    const isModified = newest.isModified === true;
    return roster.userUuids.map((userUuid) => ({
      messageGroupUuid,
      userUuid,
      newest: { entry, group: roster.group, isModified },
      sent: sent.get(userUuid),
      attempts: 0,
    }));
  }

  async function currentEntry({ entry, writtenAtMs }: EntryRecord) {
    if (table.clock.now() - writtenAtMs < trustImageMs) return entry;
    return entries.get(table, entry.message_group_uuid, entry.seq);
  }

  /** Writes in batches whose statements touch different items. Returns what is still to be written. */
  async function write(
    open: Rewrite[],
    failed: Map<string, unknown>,
    mayWrite: () => boolean,
  ): Promise<Rewrite[]> {
    const batches: Rewrite[][] = [];
    for (let start = 0; start < open.length; start += maxStatements[batch]) {
      batches.push(open.slice(start, start + maxStatements[batch]));
    }
    const left = await Promise.all(
      batches.map((some) =>
        limit(() => inTime(mayWrite, () => writeBatch(some, failed))).catch((error) => {
          if (!(error instanceof DeadlineError)) throw error;
          return some.flatMap((rewrite) => fail(rewrite, failed, error));
        }),
      ),
    );
    return left.flat();
  }

  async function writeBatch(rewrites: Rewrite[], failed: Map<string, unknown>): Promise<Rewrite[]> {
    try {
      const statements = rewrites.map((rewrite) => statement(table, rewrite));
      const outcomes = await execute(table, batch, statements);
      return rewrites.flatMap((rewrite, index) => {
        const outcome = outcomes[index];
        if (outcome === 'written') return rewrite.next ?? [];
        if (outcome?.Code === 'ConditionalCheckFailed') return afterRefusal(rewrite);
        const reason = `the table refused a summary: ${outcome?.Code}: ${outcome?.Message}`;
        return isRetryableCode(outcome?.Code)
          ? retry(rewrite, failed, new UnprocessedError(reason))
          : fail(rewrite, failed, new Error(reason));
      });
    } catch (error) {
      if (isTransientFault(error)) return rewrites.flatMap((rewrite) => retry(rewrite, failed, error));
      if (rewrites.length === 1) return rewrites.flatMap((rewrite) => fail(rewrite, failed, error));
      const alone = await Promise.all(rewrites.map((rewrite) => writeBatch([rewrite], failed)));
      return alone.flat();
    }
  }

  return { project };
}

async function inTime<T>(isInTime: () => boolean, task: () => Promise<T>): Promise<T> {
  if (!isInTime()) throw new DeadlineError('no time is left; it is done in a later batch');
  return task();
}

function newestOf(records: EntryRecord[]): EntryRecord | undefined {
  let newest: EntryRecord | undefined;
  for (const record of records) if (isNewer(record, newest)) newest = record;
  return newest;
}

/** The newest message of each author, by their uuid. */
function newestSentBy(records: EntryRecord[]): Map<string, LogPosition> {
  const sent = new Map<string, LogPosition>();
  for (const { entry } of records) {
    const { seq, type, user_uuid, message_count } = entry;
    if (flagsOf({ type }).countsAsMessage && seq > (sent.get(user_uuid)?.seq ?? 0))
      sent.set(user_uuid, { seq, count: message_count });
  }
  return sent;
}

/** Of two records of one entry, the one that erased something is the newer, in whatever order they come. */
function isNewer({ entry, isModified }: EntryRecord, newest: EntryRecord | undefined): boolean {
  if (!newest || entry.seq !== newest.entry.seq) return entry.seq > (newest?.entry.seq ?? 0);
  return isModified === true;
}

function groupByConversation(records: EntryRecord[]): Map<string, EntryRecord[]> {
  const conversations = new Map<string, EntryRecord[]>();
  for (const record of records) {
    const uuid = record.entry.message_group_uuid;
    const known = conversations.get(uuid);
    if (known) known.push(record);
    else conversations.set(uuid, [record]);
  }
  return conversations;
}

/** A refused statement of two pairs: the summary is gone, or ahead in one of them. Each pair then goes alone. */
function afterRefusal(rewrite: Rewrite): Rewrite[] {
  const { newest, sent } = rewrite;
  if (newest && sent) return [{ ...rewrite, sent: undefined, next: { ...rewrite, newest: undefined } }];
  return rewrite.next ? [rewrite.next] : [];
}

function retry(rewrite: Rewrite, failed: Map<string, unknown>, reason: unknown): Rewrite[] {
  const attempts = rewrite.attempts + 1;
  return attempts < maxAttempts ? [{ ...rewrite, attempts }] : fail(rewrite, failed, reason);
}

function fail({ messageGroupUuid }: Rewrite, failed: Map<string, unknown>, reason: unknown): [] {
  failed.set(messageGroupUuid, reason);
  return [];
}

/** 1 write unit, and 2 more where the time of the newest entry moves the summary in the inbox index. */
function statement(table: Table, { messageGroupUuid, userUuid, newest, sent }: Rewrite) {
  const { pk, sk } = summaryKey(userUuid, messageGroupUuid);
  const set: Record<string, unknown> = {};
  const conditions: string[] = [];
  const bounds: number[] = [];
  if (newest) {
    const { entry, group, isModified } = newest;
    Object.assign(set, summaries.newestOf(entry), {
      last_seq: entry.seq,
      message_count: entry.message_count,
    });
    if (group.kind === 'group')
      Object.assign(set, { title: group.title, large: group.member_count > largeGroupMembers });
    conditions.push(isModified ? 'last_seq <= ?' : 'last_seq < ?');
    bounds.push(entry.seq);
  }
  if (sent) {
    Object.assign(set, { sent_seq: sent.seq, sent_count: sent.count });
    conditions.push('sent_seq < ?');
    bounds.push(sent.seq);
  }
  const assignments = Object.keys(set).map((name) => `"${name}"=?`);
  return {
    Statement: `UPDATE "${table.name}" SET ${assignments.join(', ')} WHERE pk=? AND sk=? AND ${conditions.join(' AND ')}`,
    Parameters: [...Object.values(set), pk, sk, ...bounds],
  };
}

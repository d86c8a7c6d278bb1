import pLimit from 'p-limit';
import * as entries from '../log/entries.ts';
import { createRosters, type Rosters } from '../log/rosters.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import type { Table } from '../table/client.ts';
import type { WriteBatch } from '../table/statements.ts';
import { createRewriter, type Failures, inTime } from './rewriter.ts';
import { groupByConversation, newestOf, newestSentBy, type Rewrite } from './rewrites.ts';

export { DeadlineError } from './rewriter.ts';

/*
 * Rewrites the summaries of each conversation in a batch of stream records.
 *
 * 1. The newest entry is the one with the greatest seq, not the last record: a transaction's records come in any order.
 * 2. A summary holds two pairs of absolute positions from the log: the newest entry, and the member's own newest
 *    message. Each pair only moves forward, by its own condition. A batch that is repeated, late, cut or shuffled
 *    therefore changes nothing.
 * 3. One statement writes both pairs. If it is refused, each pair is written alone, the newest entry first, so that a
 *    summary's own position never passes its newest one.
 * 4. A modified entry is an entry from which something was erased. Its record rewrites a summary that shows this entry,
 *    and wins over an older record of the same entry. The older record can only write to a summary that lags behind.
 *    The erasure's record follows in the stream and rewrites that summary again.
 * 5. An update never creates a summary (PartiQL's UPDATE refuses an absent item), so a removed member gets none.
 */

/** Older records are read again from the table, because their text may have been erased since. */
export const trustImageMs = 60_000;
const batchesInFlight = 4;

export type Projector = {
  /**
   * Rewrites the summaries of the members of these records' conversations. Returns the conversations that failed, with
   * their errors. `remainingMs` returns the remaining time in milliseconds; in its last quarter no work is started, and
   * the rest fails with a DeadlineError.
   */
  project(records: EntryRecord[], remainingMs?: () => number): Promise<Failures>;
};

/** `batch` decides how summaries share a request (docs/decisions/0003). */
export function createProjector(
  table: Table,
  rosters: Rosters = createRosters(table),
  batch: WriteBatch = 'statements',
): Projector {
  const limit = pLimit(batchesInFlight);
  const rewriter = createRewriter(table, batch, limit);

  async function project(records: EntryRecord[], remainingMs = () => Number.POSITIVE_INFINITY) {
    const budgetMs = remainingMs();
    // Reads start only in the first half of the time, so that there is time to write.
    const isLeft = (part: number) => remainingMs() > 0 && remainingMs() >= budgetMs * part;
    const mayPlan = () => isLeft(1 / 2);
    const mayWrite = () => isLeft(1 / 4);
    const failed: Failures = new Map();
    const rewrites = await Promise.all(
      [...groupByConversation(records)].map(([uuid, ofConversation]) =>
        limit(() => inTime(mayPlan, () => plan(uuid, ofConversation))).catch((error) => {
          failed.set(uuid, error);
          return [];
        }),
      ),
    );
    await rewriter.writeAll(rewrites.flat(), failed, mayWrite);
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

  return { project };
}

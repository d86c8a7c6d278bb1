import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import { createCheckpoint } from './checkpoint.ts';
import type { EventSource } from './event-sources.ts';
import { createFeed, type Feed, type Pending } from './feed.ts';
import type { HeldLease } from './held-lease.ts';
import type { Progress } from './leases.ts';
import * as leases from './leases.ts';
import { createPersist } from './persist.ts';
import { beginning, continueAt } from './progress.ts';
import { createRepairs } from './repairs.ts';
import { maxRecordsPerRead } from './shard-reader.ts';
import { createReaders } from './shard-readers.ts';
import type { Shard } from './shards.ts';
import type { Waiter } from './waiter.ts';

/*
 * Reads one shard to its end under a lease, once for all event sources.
 *
 * 1. Each source has a feed (feed.ts). A feed gets every record that is read, collects those that pass its filter, and
 *    delivers them in batches.
 * 2. The first source sets the pace: while its feed has no room, nothing is read. If another feed has no room, or was
 *    behind when the lease was acquired, it reads by itself until it has caught up (shard-readers.ts).
 * 3. A source's position moves when its records are done or dead letters. The checkpoint is written under the lease's
 *    token while reading continues (checkpoint.ts). After a crash or a lost lease, the records since the last write are
 *    delivered again; handlers allow that.
 * 4. The children of a shard begin when the first source is done with it. The other sources finish it meanwhile.
 *
 * While the table or the stream is unreachable, it retries.
 */

export type ConsumerContext = {
  table: Table;
  streams: DynamoDBStreamsClient;
  sources: EventSource[];
  lease: HeldLease;
  /** The previous holder did not release the lease. */
  isTakenOver: boolean;
  waiter: Waiter;
  logger: Logger;
  signal: AbortSignal;
  /** Called with the waiting records after each read and delivery. */
  onPending: (waiting: Pending[]) => void;
  onUnreachable: () => void;
  onDeadLetter: () => void;
  /** Called when the first source is done with the whole shard and the table has stored that. */
  onPassed: () => void;
  /** Repairs the summaries after records were lost. No checkpoint is written before it has succeeded. */
  repair: () => Promise<void>;
};

const minPollMs = 5;
/**
 * The wait between a delivery and the next read. Records that arrive meanwhile share a batch, and entries of one
 * conversation share one write of each summary. A longer wait would save writes, and delay summaries.
 */
const gatherMs = 30;
/** The longest wait for a delivery of the first source before the next read, so that other sources are not held up. */
const aheadMs = 1_000;

/**
 * Resolves to true when the shard has ended and all its records are done, and to false when it is aborted or the lease
 * is lost. Rejects with an unexpected error. The shard can then be consumed again from the lease's checkpoint.
 */
export async function consumeShard(context: ConsumerContext, shard: Shard): Promise<boolean> {
  const { table, streams, sources, lease, waiter, logger } = context;
  const failing = new AbortController();
  const signal = AbortSignal.any([context.signal, failing.signal]);
  const persist = createPersist(signal, (err, retryMs) => {
    context.onUnreachable();
    logger.warn({ shard: shard.shardId, err, retryMs }, 'cannot read a shard, trying again');
  });
  const repairs = createRepairs(context.repair, persist, signal);
  const starts = await persist(() =>
    Promise.all(sources.map((source, index) => startOf(context, shard, source, index === 0, repairs.start))),
  );
  if (!starts) return false;

  const feedContext = { ...context, signal, writeProgress: () => checkpoint.write(), onProgress, onFailure };
  const [lead, ...others] = sources.map((source, index) =>
    createFeed(feedContext, shard, source, starts[index] ?? beginning),
  );
  if (!lead) throw new Error('no event source');
  const feeds: [Feed, ...Feed[]] = [lead, ...others];
  const checkpoint = createCheckpoint({
    table,
    lease,
    progress: () => Object.fromEntries(feeds.map((feed) => [feed.source.name, feed.progress()])),
    state: () => ({ isFinished: isFinished(), isPassed: isPassed() }),
    isRepairing: repairs.isOpen,
  });
  const onTrimmed = repairs.start;
  const readers = createReaders({ streams, shard, feeds, signal, persist, onTrimmed, onFailure });

  const isPassed = () => readers.isClosed() && !repairs.isOpen() && lead.isIdle();
  const isFinished = () => isPassed() && readers.isCaughtUp() && feeds.every((feed) => feed.isIdle());
  const reportPending = () => context.onPending(feeds.flatMap((feed) => feed.pending() ?? []));

  function onFailure(error: unknown) {
    failing.abort(error);
    waiter.wake();
  }

  function onProgress() {
    reportPending();
    save();
    if (readers.isClosed()) waiter.wake();
  }

  function save() {
    if (!repairs.isOpen()) checkpoint.write().catch(onFailure);
  }

  async function readOn() {
    let pollMs = minPollMs;
    let isPassedWritten = false;
    while (!signal.aborted && !isFinished()) {
      const limit = Math.min(maxRecordsPerRead, lead?.room() ?? 0);
      const found = readers.isClosed() || limit === 0 ? 0 : await readers.read(limit);
      reportPending();
      if (checkpoint.isDue()) save();
      if (isPassed() && !isPassedWritten) {
        isPassedWritten = await checkpoint.write();
        if (isPassedWritten) context.onPassed();
      }
      // After a full page more records wait. They are read while this page is delivered.
      if (found > 0 && found === limit && (lead?.room() ?? 0) > 0) continue;
      await lead?.delivered(aheadMs);
      if (found > 0) pollMs = minPollMs;
      if (found === 0) pollMs = await pause(context, pollMs);
      else await sleep(gatherMs, undefined, { signal }).catch(() => {});
    }
  }

  await readOn().catch(onFailure);
  await Promise.all([...feeds.map((feed) => feed.stop()), readers.ended()]);
  if (failing.signal.aborted) throw failing.signal.reason;
  save();
  return isFinished();
}

/** The progress from which a source starts. If it has none, its records may be lost, unless the shard is new. */
async function startOf(
  { table, lease }: ConsumerContext,
  { streamArn, shardId, isContinued }: Shard,
  { name }: EventSource,
  isFirst: boolean,
  repair: () => void,
): Promise<Progress> {
  const found = lease.checkpoint();
  if (!found && isContinued) return beginning;
  const known = found?.progress?.[name];
  // In earlier versions each source had its own lease.
  const own =
    isFirst || known ? found : (await leases.get(table, { source: name, streamArn, shardId }))?.checkpoint;
  const start = continueAt(own, known, table.clock.now());
  if (!start) repair();
  return start ?? beginning;
}

/** Waits before the next read. Resolves to the following wait: twice as long, or the shortest if it was woken. */
async function pause({ waiter, sources }: ConsumerContext, pollMs: number): Promise<number> {
  const isWoken = await waiter.wait(pollMs);
  return isWoken ? minPollMs : Math.min(sources[0]?.maxPollMs ?? pollMs, pollMs * 2);
}

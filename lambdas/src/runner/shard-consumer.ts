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
import { beginning, continueAt } from './position.ts';
import { createRepairs } from './repairs.ts';
import { maxRecordsPerRead } from './shard-reader.ts';
import { createReaders } from './shard-readers.ts';
import type { Shard } from './shards.ts';
import type { Waiter } from './waiter.ts';

/*
 * Reads one shard to its end under a lease, once for all event sources, as Lambda's event source mappings do.
 *
 * 1. Every record read goes to a feed for each source (feed.ts), which gathers what passes its filter and delivers it.
 * 2. The first source sets the pace: if it has no room, nothing is read. Another source without room falls behind and
 *    reads by itself until it has caught up (shard-readers.ts). So does one that was behind when the lease was acquired.
 * 3. The position of a source moves when its records are done or dead letters. It is written beside the reading, under
 *    the lease's token (checkpoint.ts). A crash or a lost lease repeats what was not written, and handlers allow that.
 * 4. The children of a shard begin when its first source is done. The other sources finish it beside its children.
 *
 * Faults of the table or the stream are waited for.
 */

export type ConsumerContext = {
  table: Table;
  streams: DynamoDBStreamsClient;
  sources: EventSource[];
  lease: HeldLease;
  /** The lease's last holder did not give it up. */
  isTakenOver: boolean;
  waiter: Waiter;
  logger: Logger;
  signal: AbortSignal;
  /** Gets the records that wait, after each read and delivery. */
  onPending: (waiting: Pending[]) => void;
  onUnreachable: () => void;
  onDeadLetter: () => void;
  /** The first source has done the whole shard, and the table stores that. */
  onPassed: () => void;
  /** Repairs what lost records may have left behind. No position is written before it has succeeded. */
  onLost: () => Promise<void>;
};

const minPollMs = 5;
/**
 * Between a delivery and the next read. Records that arrive in this time share the next batch, and a conversation's
 * entries share one rewrite of each summary: a longer wait costs fewer writes and shows a message later.
 */
const gatherMs = 30;
/** If the first source is busy for longer, the next batch is read ahead, because the others do not wait for it. */
const aheadMs = 1_000;

/**
 * Resolves to true when the shard is closed and done, to false when aborted or the lease is lost. Rejects with an
 * unexpected error: the shard can then be consumed again, from what the lease holds.
 */
export async function consumeShard(context: ConsumerContext, shard: Shard): Promise<boolean> {
  const { table, streams, sources, lease, waiter, logger } = context;
  const failing = new AbortController();
  const signal = AbortSignal.any([context.signal, failing.signal]);
  const persist = createPersist(signal, (err, retryMs) => {
    context.onUnreachable();
    logger.warn({ shard: shard.shardId, err, retryMs }, 'shard out of reach, trying again');
  });
  const repairs = createRepairs(context.onLost, persist, signal);
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
  const readers = createReaders({ streams, shard, feeds, signal, persist, onLost: repairs.start, onFailure });

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
      // A full page means that more records wait: they are read while this page is delivered.
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

/** Where a source begins. A source without a position has lost it, unless nobody has read this shard before. */
async function startOf(
  { table, lease }: ConsumerContext,
  { streamArn, shardId, isContinued }: Shard,
  { name }: EventSource,
  isFirst: boolean,
  onLost: () => void,
): Promise<Progress> {
  const found = lease.checkpoint();
  if (!found && isContinued) return beginning;
  const known = found?.progress?.[name];
  // Before sources shared a lease, each had one of its own.
  const own =
    isFirst || known ? found : (await leases.get(table, { source: name, streamArn, shardId }))?.checkpoint;
  const start = continueAt(own, known, table.clock.now());
  if (!start) onLost();
  return start ?? beginning;
}

/** Waits until there may be something to read. Resolves to the next wait: twice as long, until something wakes it. */
async function pause({ waiter, sources }: ConsumerContext, pollMs: number): Promise<number> {
  const isWoken = await waiter.wait(pollMs);
  return isWoken ? minPollMs : Math.min(sources[0]?.maxPollMs ?? pollMs, pollMs * 2);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import type { EventSource } from './event-sources.ts';
import { createFeed, type Feed } from './feed.ts';
import type { HeldLease } from './held-lease.ts';
import type { Pending } from './lag.ts';
import type { Position, Progress } from './leases.ts';
import * as leases from './leases.ts';
import { createReader, isAfter, maxRecordsPerRead } from './shard-reader.ts';
import type { Shard } from './shards.ts';
import type { Waiter } from './waiter.ts';

/*
 * Reads one shard to its end under a lease, once for all event sources, as Lambda's event source mappings do.
 *
 * 1. What was read goes to a feed for each source (feed.ts), which gathers what passes its filter and delivers it.
 * 2. The first source sets the pace: where it has no room, nothing is read. Another that has none falls behind, and
 *    reads by itself, beside the others, until it has caught up. So does one that was behind when the lease was taken.
 * 3. The position of each source moves when its records are done or dead letters, beside the reading and under the
 *    lease's token; the checkpoint is the least of them. A crash, or a lease that somebody else took, repeats what was
 *    not noted yet, which handlers must survive.
 *
 * 4. The children of a shard begin when its first source is done: what others still have of it comes beside theirs.
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
  /** Told after each read and delivery what waits to be handled. */
  onPending: (waiting: Pending[]) => void;
  onUnreachable: () => void;
  onDeadLetter: () => void;
  /** Told when the first source has done the whole shard, and the table knows. */
  onPassed: () => void;
  /** Repairs what lost records may have left behind. No position is noted before it has succeeded. */
  onLost: () => Promise<void>;
};

/** A position older than this may be trimmed (24 h): to read on from it would hide a gap. */
const maxCheckpointAgeMs = 20 * 60 * 60_000;
/** A position among records of no interest is noted this often at most; one that does not move, this often. */
const idleCheckpointMs = 5_000;
const unmovedCheckpointMs = 60 * 60_000;
const minPollMs = 5;
/**
 * Between a delivery and the next read. What comes meanwhile shares the next batch, and a conversation's entries one
 * rewrite of each summary: the longer, the fewer writes, and the later a summary shows what was sent.
 */
const gatherMs = 30;
/** Where the first source is busy for longer, the next batch is read ahead, for the others do not wait for it. */
const aheadMs = 1_000;
const catchUpMs = 250;
const maxRetryMs = 5_000;

/**
 * Resolves to true when the shard is closed and done, to false when aborted or the lease is lost. Rejects with an error
 * that nobody foresaw: the shard can then be consumed again, from what the lease holds.
 */
export async function consumeShard(context: ConsumerContext, shard: Shard): Promise<boolean> {
  const { table, streams, sources, lease, waiter, logger } = context;
  const failing = new AbortController();
  const signal = AbortSignal.any([context.signal, failing.signal]);
  let repairs = 0;
  const starts = await persist(() =>
    Promise.all(sources.map((source, index) => startOf(source, index === 0))),
  );
  if (!starts) return false;
  const feedContext = { ...context, signal, note, onProgress, onFailure };
  const feeds = sources.map((source, index) =>
    createFeed(feedContext, shard, source, starts[index] ?? unknown),
  );
  const [lead] = feeds;
  if (!lead) throw new Error('no event source');
  const main = createReader(streams, shard, { from: lead.readTo(), onTrimmed: restart });
  const attached = new Set<Feed>();
  const catchingUp = new Map<Feed, Promise<void>>();
  let savedAs = positions();
  let savedAtMs = savedAs ? performance.now() - ageMs() : Number.NEGATIVE_INFINITY;
  let pollMs = minPollMs;
  let isPassedNoted = false;

  for (const feed of feeds) {
    if (isAfter(main.readTo(), feed.readTo())) fallBehind(feed);
    else attached.add(feed);
  }
  await readOn().catch(onFailure);
  await Promise.all([...feeds.map((feed) => feed.stop()), ...catchingUp.values()]);
  if (failing.signal.aborted) throw failing.signal.reason;
  save();
  return isFinished();

  async function readOn() {
    while (!signal.aborted && !isFinished()) await step(lead as Feed);
  }

  async function step(lead: Feed) {
    const limit = Math.min(maxRecordsPerRead, lead.room());
    const found = main.isClosed() || limit === 0 ? 0 : await readMain(limit);
    context.onPending(feeds.flatMap((feed) => feed.pending() ?? []));
    if (isSaveDue()) save();
    if (isPassed() && !isPassedNoted) {
      isPassedNoted = await note();
      if (isPassedNoted) context.onPassed();
    }
    // A full page says that more waits: it is read while this one is delivered.
    if (found > 0 && found === limit && lead.room() > 0) return;
    await lead.delivered(aheadMs);
    if (found > 0) pollMs = minPollMs;
    if (found === 0) await pause();
    else await sleep(gatherMs, undefined, { signal }).catch(() => {});
  }
  function onFailure(error: unknown) {
    failing.abort(error);
    waiter.wake();
  }

  /** Where a source begins. Without a position it has lost its own, unless nobody has read here before. */
  async function startOf({ name }: EventSource, isFirst: boolean): Promise<Progress> {
    const found = lease.checkpoint();
    if (!found && shard.isContinued) return unknown;
    const known = found?.progress?.[name];
    const { streamArn, shardId } = shard;
    const own =
      isFirst || known ? found : (await leases.get(table, { source: name, streamArn, shardId }))?.checkpoint;
    if (own && table.clock.now() - own.updatedAtMs <= maxCheckpointAgeMs)
      return known ?? { doneTo: own.sequenceNumber, trials: [] };
    lost();
    return unknown;
  }

  async function readMain(limit: number): Promise<number> {
    const records = await persist(() => main.read(limit));
    if (!records) return 0;
    for (const feed of attached) if (!feed.take(records, main.readTo())) fallBehind(feed);
    if (main.isClosed()) for (const feed of attached) feed.close();
    return records.length;
  }

  function fallBehind(feed: Feed) {
    attached.delete(feed);
    const done = catchUp(feed)
      .catch(onFailure)
      .finally(() => catchingUp.delete(feed));
    catchingUp.set(feed, done);
  }

  /** Reads for one source until it is where the others are. */
  async function catchUp(feed: Feed) {
    const own = createReader(streams, shard, {
      from: feed.readTo(),
      onTrimmed() {
        feed.restart();
        lost();
      },
    });
    while (!signal.aborted) {
      const limit = Math.min(maxRecordsPerRead, feed.room());
      const records = limit > 0 ? await persist(() => own.read(limit)) : [];
      feed.take(records ?? [], own.readTo());
      if (own.isClosed() || !isAfter(main.readTo(), feed.readTo())) {
        attached.add(feed);
        if (own.isClosed() || main.isClosed()) feed.close();
        return;
      }
      if (!records?.length) await sleep(catchUpMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Tries until it is done; undefined where it was aborted. */
  async function persist<T>(task: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await task();
      } catch (err) {
        const retryMs = Math.random() * Math.min(maxRetryMs, 50 * 2 ** Math.min(failures, 16));
        context.onUnreachable();
        logger.warn({ shard: shard.shardId, err, retryMs }, 'shard out of reach, trying again');
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
    return undefined;
  }

  function restart() {
    for (const feed of attached) feed.restart();
    lost();
  }

  function lost() {
    repairs += 1;
    void persist(context.onLost).then(() => {
      if (!signal.aborted) repairs -= 1;
    });
  }

  function isPassed() {
    return main.isClosed() && repairs === 0 && lead?.isIdle() === true;
  }

  function isFinished() {
    return isPassed() && catchingUp.size === 0 && feeds.every((feed) => feed.isIdle());
  }

  function position(): Position {
    const progress = Object.fromEntries(feeds.map((feed) => [feed.source.name, feed.progress()]));
    const numbers = Object.values(progress).map(({ doneTo }) => doneTo);
    const sequenceNumber = numbers.reduce((least, number) => (isAfter(least, number) ? number : least));
    return { sequenceNumber, isFinished: isFinished(), isPassed: isPassed(), progress };
  }

  function positions() {
    return feeds.map((feed) => feed.progress().doneTo).join();
  }

  function ageMs() {
    return table.clock.now() - (lease.checkpoint()?.updatedAtMs ?? Number.NEGATIVE_INFINITY);
  }

  function isSaveDue() {
    const everyMs = positions() === savedAs ? unmovedCheckpointMs : idleCheckpointMs;
    return performance.now() - savedAtMs >= everyMs;
  }

  function onProgress() {
    context.onPending(feeds.flatMap((feed) => feed.pending() ?? []));
    save();
    if (main.isClosed()) waiter.wake();
  }

  function save() {
    if (repairs === 0) note().catch(onFailure);
  }

  async function note(): Promise<boolean> {
    if (repairs > 0) return lease.confirm();
    savedAs = positions();
    savedAtMs = performance.now();
    return (await lease.save(position())) && lease.isHeld();
  }

  async function pause() {
    const isWoken = await waiter.wait(pollMs);
    pollMs = isWoken ? minPollMs : Math.min(lead?.source.maxPollMs ?? pollMs, pollMs * 2);
  }
}

/** Before all records, with nothing tried. */
const unknown: Progress = { trials: [] };

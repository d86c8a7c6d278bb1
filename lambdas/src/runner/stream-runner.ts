import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import { chooseLeases, createObserver, type Seen } from './balance.ts';
import type { EventSource } from './event-sources.ts';
import { holdLease } from './held-lease.ts';
import { createLag, type Pending } from './lag.ts';
import type { Lease, Place } from './leases.ts';
import * as leases from './leases.ts';
import { type ConsumerContext, consumeShard } from './shard-consumer.ts';
import type { Shard } from './shards.ts';
import { describeStream, type Stream } from './shards.ts';
import { createWaiter, type Waiter } from './waiter.ts';

/*
 * Runs handlers over the table's stream, off AWS, and shares its shards with other runners.
 *
 * 1. The stream is described now and then: shards whose parents are passed by the first source are to be read.
 * 2. Unless all of these are ours already, the leases are read: what is free, stale or too many of another's is taken.
 * 3. A lease that was taken is held by a timer of its own, and a consumer reads its shard for all event sources, until
 *    that is done, the lease is lost, or the runner stops.
 */

/** New shards are looked for this often, and when one is done. */
const discoveryMs = 10_000;
const maxRestartMs = 5_000;
const defaultLeaseMs = 6_000;

export type RunnerOptions = {
  table: Table;
  streams: DynamoDBStreamsClient;
  /** The first names the leases. */
  sources: EventSource[];
  logger: Logger;
  /** Rebuilds what a gap in the stream may have left behind. */
  repair: () => Promise<void>;
  /** A runner that does not renew its leases for this long loses them. It renews three times within. */
  leaseMs?: number;
};

export type StreamRunner = ReturnType<typeof createStreamRunner>;

type Held = { shard: Shard; waiter: Waiter; end: () => void; ended: Promise<void> };

export function createStreamRunner(options: RunnerOptions) {
  const { table, streams, sources, logger, repair, leaseMs = defaultLeaseMs } = options;
  const id = randomUUID();
  const source = sources[0]?.name ?? '';
  /** By the shard's id. */
  const held = new Map<string, Held>();
  const finished = new Set<string>();
  const passed = new Set<string>();
  const lag = createLag(table, streams);
  const observer = createObserver();
  const changed = createWaiter();
  let stream: (Stream & { readAtMs: number }) | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopping = false;
  let repairing: Promise<void> | undefined;
  let deadLetters = 0;

  async function run() {
    for (let failures = 0; !isStopping; ) {
      let waitMs: number;
      try {
        waitMs = await share();
        failures = 0;
        lag.noteReached(id);
      } catch (err) {
        waitMs = Math.min(maxRestartMs, 50 * 2 ** failures);
        failures += 1;
        lag.noteUnreachable(id);
        logger.warn({ err, retryMs: waitMs }, 'stream or leases out of reach, trying again');
      }
      if (!isStopping) await changed.wait(waitMs);
    }
  }

  /** Takes what is ours to read. Answers when to look again, in ms. */
  async function share(): Promise<number> {
    if (!stream || performance.now() - stream.readAtMs >= discoveryMs) {
      const described = await describeStream(table, streams);
      // Another stream may use the same names for its shards.
      if (described.streamArn !== stream?.streamArn) {
        finished.clear();
        passed.clear();
      }
      stream = { ...described, readAtMs: performance.now() };
    }
    const { streamArn } = stream;
    dropGone(stream);
    if (openShards(stream).every(({ shardId }) => held.has(shardId))) return discoveryMs;
    const known = new Map<string, Lease>();
    for (const lease of await leases.list(table, source, streamArn)) {
      known.set(lease.shardId, lease);
      if (lease.checkpoint?.isFinished) finished.add(lease.shardId);
      if (lease.checkpoint?.isPassed) passed.add(lease.shardId);
    }
    const open = openShards(stream);
    const seen = shuffled(open.map(({ shardId }) => look(shardId, known.get(shardId))));
    const chosen = new Set(chooseLeases(id, seen));
    for (const shard of open)
      if (chosen.has(shard.shardId) && !isStopping) await take(shard, known.get(shard.shardId));
    return nextLookMs(chosen.size > 0, known);
  }

  /** Shards to be read: not done, and their parents are passed. */
  function openShards({ streamArn, shards }: Stream): Shard[] {
    return shards
      .filter(({ shardId, parentId }) => {
        const isWaiting = parentId !== undefined && !passed.has(parentId);
        return !isWaiting && !finished.has(shardId);
      })
      .map(({ shardId, parentId }) => ({ streamArn, shardId, isContinued: parentId !== undefined }));
  }

  function dropGone({ streamArn, shards }: Stream) {
    for (const { shard, end } of held.values())
      if (shard.streamArn !== streamArn || !shards.some(({ shardId }) => shardId === shard.shardId)) end();
  }

  function look(key: string, lease: Lease | undefined): Seen {
    if (held.has(key)) return { key, owner: id, idleTimes: 0 };
    if (!lease) return { key, owner: undefined, idleTimes: 0 };
    const idleTimes = observer.unmovedMs(key, lease) / Math.max(1, lease.leaseMs || leaseMs);
    return { key, owner: idleTimes < 1 ? lease.owner : undefined, idleTimes };
  }

  async function take(shard: Shard, seen: Lease | undefined) {
    const { streamArn, shardId } = shard;
    const place: Place = { source, streamArn, shardId };
    const takenAtMs = performance.now();
    const lease = await leases.take(table, place, seen, { owner: id, leaseMs });
    if (!lease) return;
    logger.debug({ ...place, token: lease.token, from: seen?.owner }, 'lease taken');
    const ending = new AbortController();
    const waiter = createWaiter();
    const end = () => {
      ending.abort();
      waiter.wake();
    };
    const mine = holdLease(table, lease, { takenAtMs, logger, onLost: end });
    const isTakenOver = seen?.owner !== undefined;
    const ended = consume(shard, { lease: mine, isTakenOver, waiter, signal: ending.signal }).finally(() => {
      held.delete(shardId);
      changed.wake();
    });
    held.set(shardId, { shard, waiter, end, ended });
  }

  type Taken = Pick<ConsumerContext, 'lease' | 'isTakenOver' | 'waiter' | 'signal'>;

  /** Reads a shard until it is done or not ours any more, again after an error that nobody foresaw. */
  async function consume(shard: Shard, taken: Taken) {
    const { shardId } = shard;
    const hooks = {
      onPending: (waiting: Pending[]) => lag.note(shardId, waiting),
      onUnreachable: () => lag.noteUnreachable(shardId),
      onDeadLetter() {
        deadLetters += 1;
      },
      // Its children begin where the table knows of it, for every runner.
      onPassed: () => discoverAfter(passed, shardId),
      onLost: startRepair,
    };
    const context = { table, streams, sources, logger, ...taken, ...hooks };
    let isDone: boolean | undefined;
    for (let failures = 0; isDone === undefined; failures += 1) {
      isDone = await consumeShard(context, shard).catch(async (err) => {
        lag.noteUnreachable(shardId);
        logger.error({ shard: shardId, err }, 'reading of a shard failed, beginning again');
        await sleep(Math.min(maxRestartMs, 50 * 2 ** failures), undefined, { signal: taken.signal }).catch(
          () => {},
        );
        return undefined;
      });
    }
    lag.forget(shardId);
    if ((await taken.lease.release()) && isDone) discoverAfter(finished, shardId);
  }

  function discoverAfter(shards: Set<string>, shardId: string) {
    shards.add(shardId);
    if (stream) stream.readAtMs = Number.NEGATIVE_INFINITY;
    changed.wake();
  }

  /** A lease that runs out is seen when it does, not at the next look after. */
  function nextLookMs(hasTaken: boolean, known: Map<string, Lease>): number {
    let waitMs = hasTaken ? leaseMs / 12 : leaseMs / 3;
    for (const [shardId, lease] of known) {
      if (held.has(shardId) || finished.has(shardId) || !lease.owner) continue;
      const leftMs = (lease.leaseMs || leaseMs) - observer.unmovedMs(shardId, lease);
      if (leftMs > 0) waitMs = Math.min(waitMs, leftMs + 10);
    }
    return waitMs;
  }

  /** One pass at a time serves whoever lost its position. */
  function startRepair() {
    repairing ??= repair().finally(() => {
      repairing = undefined;
    });
    return repairing;
  }

  function endAll() {
    for (const { end } of held.values()) end();
  }

  return {
    start() {
      running = run();
    },
    /** Reads now instead of after the current pause. */
    wake() {
      for (const { waiter } of held.values()) waiter.wake();
    },
    /** Age of the oldest record that was read and is not handled yet, or how long nothing can be read, in ms. */
    lagMs: lag.lagMs,
    /** The same, with the records that wait. */
    lag: lag.measure,
    /** Records given up since the start. */
    deadLetters: () => deadLetters,
    /** The shards this runner reads, of how many. */
    shards: () => ({ held: held.size, open: stream ? openShards(stream).length : 0 }),
    /**
     * Resolves when the batches under way are done and the leases are given up. A repair pass is left: the next start
     * makes it again.
     */
    async stop() {
      isStopping = true;
      endAll();
      changed.wake();
      await running;
      endAll();
      await Promise.all([...held.values()].map(({ ended }) => ended));
    },
  };
}

/** Runners that look at once should not all want the same. */
function shuffled<T>(items: T[]): T[] {
  const order = items.map((item) => ({ item, rank: Math.random() }));
  return order.sort((one, other) => one.rank - other.rank).map(({ item }) => item);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  type Shard as StreamShard,
} from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import { consumeShard, type EventSource, type Shard } from './shard-consumer.ts';
import { createWaiter, type Waiter } from './waiter.ts';

/** New shards are looked for this often, and when one is done. */
const discoveryMs = 10_000;
const maxRestartMs = 5_000;

export type RunnerOptions = {
  table: Table;
  streams: DynamoDBStreamsClient;
  sources: EventSource[];
  logger: Logger;
  /** Rebuilds what a gap in the stream may have left behind. */
  repair: () => Promise<void>;
};

export type StreamRunner = ReturnType<typeof createStreamRunner>;

/** Runs handlers over the table's stream, off AWS. Parents are read before their children. */
export function createStreamRunner({ table, streams, sources, logger, repair }: RunnerOptions) {
  const stopping = new AbortController();
  const waiters = new Map<Waiter, EventSource>();
  const pendingSince = new Map<string, number>();
  const unreachableSince = new Map<EventSource, number>();
  const running: Promise<void>[] = [];
  let repairing: Promise<void> | undefined;

  function start() {
    for (const source of sources) running.push(runSource(source));
  }

  /** Follows the stream; after a fault of the engine, from the checkpoints again. */
  async function runSource(source: EventSource) {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      const startedAtMs = Date.now();
      const ending = new AbortController();
      const signal = AbortSignal.any([stopping.signal, ending.signal]);
      const consumers = new Map<string, Promise<void>>();
      try {
        await follow(source, signal, consumers);
      } catch (err) {
        ending.abort();
        wakeAll();
        await Promise.allSettled(consumers.values());
        if (Date.now() - startedAtMs > maxRestartMs) failures = 0;
        const retryMs = Math.min(maxRestartMs, 50 * 2 ** failures);
        unreachableSince.set(source, unreachableSince.get(source) ?? table.clock.now());
        logger.warn({ source: source.name, err, retryMs }, 'stream out of reach, trying again');
        await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  async function follow(source: EventSource, signal: AbortSignal, consumers: Map<string, Promise<void>>) {
    const done = new Set<string>();
    const changed = createWaiter();
    const failures: unknown[] = [];
    const streamArn = await latestStream();
    signal.addEventListener('abort', changed.wake);
    while (!signal.aborted) {
      const shards = await listShards(streamArn);
      const listed = new Set(shards.map(({ ShardId }) => ShardId));
      for (const { ShardId: shardId = '', ParentShardId: parent } of shards) {
        if (consumers.has(shardId) || (parent && listed.has(parent) && !done.has(parent))) continue;
        const isContinued = parent !== undefined && done.has(parent);
        const consumer = consume(source, { streamArn, shardId, isContinued }, signal)
          .then(() => void done.add(shardId))
          .catch((error) => void failures.push(error))
          .then(changed.wake);
        consumers.set(shardId, consumer);
      }
      await changed.wait(discoveryMs);
      if (failures.length > 0) throw failures[0];
    }
    await Promise.all(consumers.values());
  }

  async function consume(source: EventSource, shard: Shard, signal: AbortSignal) {
    const waiter = createWaiter();
    const place = `${source.name} ${shard.shardId}`;
    const onPending = (writtenAtMs: number | undefined) => {
      unreachableSince.delete(source);
      notePending(place, writtenAtMs);
    };
    const context = { table, streams, source, waiter, logger, signal, onPending, onLost: startRepair };
    waiters.set(waiter, source);
    try {
      await consumeShard(context, shard);
    } finally {
      waiters.delete(waiter);
      pendingSince.delete(place);
    }
  }

  async function latestStream(): Promise<string> {
    const { Table: description } = await table.doc.send(new DescribeTableCommand({ TableName: table.name }));
    if (!description?.LatestStreamArn) throw new Error(`table ${table.name} has no stream`);
    return description.LatestStreamArn;
  }

  async function listShards(StreamArn: string): Promise<StreamShard[]> {
    const shards: StreamShard[] = [];
    let ExclusiveStartShardId: string | undefined;
    do {
      const { StreamDescription } = await streams.send(
        new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId }),
      );
      shards.push(...(StreamDescription?.Shards ?? []));
      ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
    } while (ExclusiveStartShardId);
    return shards;
  }

  function wakeAll() {
    for (const waiter of waiters.keys()) waiter.wake();
  }

  function notePending(place: string, writtenAtMs: number | undefined) {
    if (writtenAtMs === undefined) pendingSince.delete(place);
    else pendingSince.set(place, writtenAtMs);
  }

  /** One pass at a time serves whoever lost its position. */
  function startRepair() {
    repairing ??= repair().finally(() => {
      repairing = undefined;
    });
    return repairing;
  }

  return {
    start,
    /** Reads now instead of after the current pause, where no window gathers records anyway. */
    wake() {
      for (const [waiter, { windowMs }] of waiters) if (windowMs === 0) waiter.wake();
    },
    /** Age of the oldest record that was read and is not handled yet, or how long nothing can be read, in ms. */
    lagMs() {
      const nowMs = table.clock.now();
      return nowMs - Math.min(nowMs, ...pendingSince.values(), ...unreachableSince.values());
    },
    /** Resolves when the batches under way are done. A repair pass is left: the next start makes it again. */
    async stop() {
      stopping.abort();
      wakeAll();
      await Promise.allSettled(running);
    },
  };
}

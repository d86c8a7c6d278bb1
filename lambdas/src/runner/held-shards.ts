import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import type { EventSource } from './event-sources.ts';
import type { Pending } from './feed.ts';
import { holdLease } from './held-lease.ts';
import type { Lease, LeaseKey } from './leases.ts';
import * as leases from './leases.ts';
import { type ConsumerContext, consumeShard } from './shard-consumer.ts';
import type { Shard, Stream } from './shards.ts';
import { createWaiter, type Waiter } from './waiter.ts';

const maxRestartMs = 5_000;

export type HeldShardsOptions = {
  table: Table;
  streams: DynamoDBStreamsClient;
  sources: EventSource[];
  logger: Logger;
  /** The id of this runner, as the owner of leases. */
  owner: string;
  leaseMs: number;
  onPending: (shardId: string, waiting: Pending[]) => void;
  onUnreachable: (shardId: string) => void;
  onDeadLetter: () => void;
  /** Repairs the summaries after records of the stream were lost. */
  repair: () => Promise<void>;
  /** Called when the first source is done with a shard and the table has stored that. */
  onPassed: (shardId: string) => void;
  /** Called when this runner stops reading a shard, whether it is done or not. */
  onEnded: (shardId: string) => void;
  /** Called when every source is done with a shard and the table has stored that. */
  onFinished: (shardId: string) => void;
  /** Called when the lease of a shard has ended. Any runner may acquire it again. */
  onFreed: () => void;
};

type Held = { shard: Shard; waiter: Waiter; end: () => void; ended: Promise<void> };
type Holding = Pick<ConsumerContext, 'lease' | 'isTakenOver' | 'waiter' | 'signal'>;

export type HeldShards = ReturnType<typeof createHeldShards>;

/** The shards that this runner reads, each under a lease. */
export function createHeldShards(options: HeldShardsOptions) {
  const { table, sources, logger, owner, leaseMs } = options;
  const held = new Map<string, Held>();

  /** Reads a shard until it is done or its lease has ended. Starts again after an unexpected error. */
  async function consume(shard: Shard, holding: Holding) {
    const { shardId } = shard;
    const { onDeadLetter, repair } = options;
    const context: ConsumerContext = {
      ...{ table, streams: options.streams, sources, logger, ...holding, onDeadLetter, repair },
      onPending: (waiting) => options.onPending(shardId, waiting),
      onUnreachable: () => options.onUnreachable(shardId),
      onPassed: () => options.onPassed(shardId),
    };
    let isDone: boolean | undefined;
    for (let failures = 0; isDone === undefined; failures += 1) {
      isDone = await consumeShard(context, shard).catch(async (err) => {
        options.onUnreachable(shardId);
        logger.error({ shard: shardId, err }, 'reading a shard failed, starting again');
        const restartMs = Math.min(maxRestartMs, 50 * 2 ** failures);
        await sleep(restartMs, undefined, { signal: holding.signal }).catch(() => {});
        return undefined;
      });
    }
    options.onEnded(shardId);
    if ((await holding.lease.release()) && isDone) options.onFinished(shardId);
  }

  return {
    has: (shardId: string) => held.has(shardId),
    count: () => held.size,
    /** Acquires the lease of a shard if it is still as `seen`, and starts reading the shard. */
    async acquire(shard: Shard, seen: Lease | undefined) {
      const { streamArn, shardId } = shard;
      const key: LeaseKey = { source: sources[0]?.name ?? '', streamArn, shardId };
      const acquiredAtMs = performance.now();
      const lease = await leases.acquire(table, key, seen, { owner, leaseMs });
      if (!lease) return;
      logger.debug({ ...key, token: lease.token, from: seen?.owner }, 'lease acquired');
      const ending = new AbortController();
      const waiter = createWaiter();
      const end = () => {
        ending.abort();
        waiter.wake();
      };
      const mine = holdLease(table, lease, { acquiredAtMs, logger, onLost: end });
      const holding = { lease: mine, isTakenOver: seen?.owner !== undefined, waiter, signal: ending.signal };
      const ended = consume(shard, holding).finally(() => {
        held.delete(shardId);
        options.onFreed();
      });
      held.set(shardId, { shard, waiter, end, ended });
    },
    /** Stops reading the shards that the stream no longer lists. */
    dropGone({ streamArn, shards }: Stream) {
      for (const { shard, end } of held.values())
        if (shard.streamArn !== streamArn || !shards.some(({ shardId }) => shardId === shard.shardId)) end();
    },
    /** Ends the current pauses, so that the shards are read now. */
    wake() {
      for (const { waiter } of held.values()) waiter.wake();
    },
    endAll() {
      for (const { end } of held.values()) end();
    },
    ended: () => Promise.all([...held.values()].map(({ ended }) => ended)),
  };
}

import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import { countAfter } from './backlog.ts';
import type { Pending } from './feed.ts';

export type Lag = {
  /** Age of the oldest record that is not handled, or how long nothing can be read, in ms. */
  lag_ms: number;
  /** Records of interest that are not handled. */
  records_behind: number;
  /** There are more records than were counted. */
  has_more: boolean;
};

/** Records that wait for less than this are under way: the records behind them are not counted. */
const promptMs = 1_000;
/** One count serves every request within this time. */
const freshMs = 2_000;

/** How far the consumers of a runner are behind their shards. */
export function createLag(table: Table, streams: DynamoDBStreamsClient) {
  const pending = new Map<string, Pending[]>();
  /** By the monotonic clock; times of records are those of the table. */
  const unreachableSince = new Map<string, number>();
  let known: { lag: Promise<Lag>; atMs: number } | undefined;

  function lagMs() {
    const nowMs = table.clock.now();
    const oldest = [...pending.values()].flat().map(({ oldestWrittenAtMs }) => oldestWrittenAtMs);
    const steadyMs = performance.now();
    return Math.max(
      nowMs - Math.min(nowMs, ...oldest),
      steadyMs - Math.min(steadyMs, ...unreachableSince.values()),
    );
  }

  async function measure(): Promise<Lag> {
    const lag = { lag_ms: lagMs(), records_behind: 0, has_more: false };
    for (const { records, oldestWrittenAtMs, source, shard, readTo } of [...pending.values()].flat()) {
      lag.records_behind += records;
      if (table.clock.now() - oldestWrittenAtMs < promptMs + source.windowMs) continue;
      // The stream itself may be out of reach.
      const unread = await countAfter(streams, shard, source, readTo).catch(() => ({
        records: 0,
        hasMore: true,
      }));
      lag.records_behind += unread.records;
      lag.has_more ||= unread.hasMore;
    }
    return lag;
  }

  return {
    /** Sets the records that wait in a shard, for each source. */
    setPending(shardId: string, waiting: Pending[]) {
      unreachableSince.delete(shardId);
      pending.set(shardId, waiting);
    },
    /** `key`: a shard, or the runner itself if it reaches neither stream nor leases. */
    setUnreachable(key: string) {
      unreachableSince.set(key, unreachableSince.get(key) ?? performance.now());
    },
    setReached: (key: string) => unreachableSince.delete(key),
    forget(shardId: string) {
      pending.delete(shardId);
      unreachableSince.delete(shardId);
    },
    lagMs,
    /** Counts the records that are not read yet, too: at most five requests for each shard that is late. */
    measure(): Promise<Lag> {
      if (!known || performance.now() - known.atMs > freshMs)
        known = { lag: measure(), atMs: performance.now() };
      return known.lag;
    },
  };
}

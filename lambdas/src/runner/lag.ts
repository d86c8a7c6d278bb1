import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import { countAfter } from './backlog.ts';
import type { Pending } from './feed.ts';

export type Lag = {
  /**
   * The age in ms of the oldest record that is not handled, or the time since nothing can be read, if that is longer.
   */
  lag_ms: number;
  /** The number of wanted records that are not handled. */
  records_behind: number;
  /** True if there may be more than `records_behind`. */
  has_more: boolean;
};

/** If the oldest record waits for less than this, the shard is not late, and the records after it are not counted. */
const promptMs = 1_000;
/** All requests within this time share one count. */
const freshMs = 2_000;

/** Measures how far the consumers of this runner are behind. */
export function createLag(table: Table, streams: DynamoDBStreamsClient) {
  const pending = new Map<string, Pending[]>();
  /** Times of the monotonic clock. The times of records, in contrast, are the table's. */
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
      // The stream may be unreachable.
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
    /** Sets the waiting records of a shard, for each source. The shard counts as reachable. */
    setPending(shardId: string, waiting: Pending[]) {
      unreachableSince.delete(shardId);
      pending.set(shardId, waiting);
    },
    /** Records since when a shard cannot be read. The key of the runner itself stands for the stream and the leases. */
    setUnreachable(key: string) {
      unreachableSince.set(key, unreachableSince.get(key) ?? performance.now());
    },
    setReached: (key: string) => unreachableSince.delete(key),
    forget(shardId: string) {
      pending.delete(shardId);
      unreachableSince.delete(shardId);
    },
    lagMs,
    /** The lag, including records that are not read yet. At most five requests for each late shard. */
    measure(): Promise<Lag> {
      if (!known || performance.now() - known.atMs > freshMs)
        known = { lag: measure(), atMs: performance.now() };
      return known.lag;
    },
  };
}

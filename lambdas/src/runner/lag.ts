import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import { countAfter } from './backlog.ts';
import type { EventSource } from './event-sources.ts';
import type { Shard } from './shards.ts';

/** What was read for a source and is not handled yet. */
export type Pending = {
  source: EventSource;
  shard: Shard;
  records: number;
  oldestWrittenAtMs: number;
  /** Of the last record that was read. */
  readTo: string;
};

export type Lag = {
  /** Age of the oldest record that is not handled, or how long nothing can be read, in ms. */
  lag_ms: number;
  /** Records of interest that are not handled. */
  records_behind: number;
  /** There are more than were counted. */
  has_more: boolean;
};

/** What waits for less than this is under way: nobody counts what came after it. */
const promptMs = 1_000;
/** An answer serves everybody who asks within this time. */
const freshMs = 2_000;

/** Where the consumers of a runner stand behind their shards. */
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
      // The stream may be what is out of reach: then nobody knows what else is in it.
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
    /** Told of what waits at a place for each of its sources. */
    note(place: string, waiting: Pending[]) {
      unreachableSince.delete(place);
      pending.set(place, waiting);
    },
    noteUnreachable(place: string) {
      unreachableSince.set(place, unreachableSince.get(place) ?? performance.now());
    },
    noteReached: (place: string) => unreachableSince.delete(place),
    forget(place: string) {
      pending.delete(place);
      unreachableSince.delete(place);
    },
    lagMs,
    /** Counts what is not read yet, too: at most five requests for each shard that is late. */
    measure(): Promise<Lag> {
      if (!known || performance.now() - known.atMs > freshMs)
        known = { lag: measure(), atMs: performance.now() };
      return known.lag;
    },
  };
}

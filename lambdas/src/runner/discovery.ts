import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Lease } from './leases.ts';
import { describeStream, openShards, type Shard, type Stream } from './shards.ts';

/** New shards are looked for this often, and whenever one is done. */
export const discoveryMs = 10_000;

export type Discovery = ReturnType<typeof createDiscovery>;

/** The stream as it was described last, with the shards that are done. */
export function createDiscovery(table: Table, streams: DynamoDBStreamsClient) {
  const finished = new Set<string>();
  const passed = new Set<string>();
  let stream: Stream | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;

  function add(shards: Set<string>, shardId: string) {
    shards.add(shardId);
    readAtMs = Number.NEGATIVE_INFINITY;
  }

  return {
    /** Describes the stream, if that is due. */
    async refresh(): Promise<Stream> {
      if (stream && performance.now() - readAtMs < discoveryMs) return stream;
      const described = await describeStream(table, streams);
      // Another stream may use the same names for its shards.
      if (described.streamArn !== stream?.streamArn) {
        finished.clear();
        passed.clear();
      }
      readAtMs = performance.now();
      stream = described;
      return described;
    },
    /** Learns from the leases which shards are done, whoever read them. */
    learn(leases: Iterable<Lease>) {
      for (const { shardId, checkpoint } of leases) {
        if (checkpoint?.isFinished) finished.add(shardId);
        if (checkpoint?.isPassed) passed.add(shardId);
      }
    },
    open: (): Shard[] => (stream ? openShards(stream, { finished, passed }) : []),
    isFinished: (shardId: string) => finished.has(shardId),
    /** A shard is done by every source: new ones may be listed. */
    finish: (shardId: string) => add(finished, shardId),
    /** A shard is done by the first source, and the table stores that: its children may begin. */
    pass: (shardId: string) => add(passed, shardId),
  };
}

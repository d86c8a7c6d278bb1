import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Lease } from './leases.ts';
import { describeStream, openShards, type Shard, type Stream } from './shards.ts';

/** The stream is described again after this time, and whenever a shard is done. */
export const discoveryMs = 10_000;

export type Discovery = ReturnType<typeof createDiscovery>;

/** The last description of the stream, and the shards that are known to be done. */
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
    /** Adds the shards that are done according to the leases, whichever runner read them. */
    learn(leases: Iterable<Lease>) {
      for (const { shardId, checkpoint } of leases) {
        if (checkpoint?.isFinished) finished.add(shardId);
        if (checkpoint?.isPassed) passed.add(shardId);
      }
    },
    open: (): Shard[] => (stream ? openShards(stream, { finished, passed }) : []),
    isFinished: (shardId: string) => finished.has(shardId),
    /** Every source is done with the shard. The stream may list new shards by now. */
    finish: (shardId: string) => add(finished, shardId),
    /** The first source is done with the shard, and the table has stored that. Its children may begin. */
    pass: (shardId: string) => add(passed, shardId),
  };
}

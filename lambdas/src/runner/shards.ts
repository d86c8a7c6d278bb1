import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, type DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';

export type StreamShard = {
  shardId: string;
  /** The shard whose records come before this one's. Undefined: there was none, or it is trimmed. */
  parentId: string | undefined;
};

/** A shard that is to be read. */
export type Shard = {
  streamArn: string;
  shardId: string;
  /** It has a parent, which is passed: it is read from its beginning. Without a parent and a checkpoint the position is lost. */
  isContinued: boolean;
};

export type Stream = { streamArn: string; shards: StreamShard[] };

/** The table's newest stream, with the shards that can be read. Parents stay listed until they are trimmed. */
export async function describeStream(table: Table, streams: DynamoDBStreamsClient): Promise<Stream> {
  const { Table: description } = await table.doc.send(new DescribeTableCommand({ TableName: table.name }));
  const streamArn = description?.LatestStreamArn;
  if (!streamArn) throw new Error(`table ${table.name} has no stream`);
  const shards: StreamShard[] = [];
  let ExclusiveStartShardId: string | undefined;
  do {
    const { StreamDescription } = await streams.send(
      new DescribeStreamCommand({ StreamArn: streamArn, ExclusiveStartShardId }),
    );
    for (const { ShardId: shardId = '', ParentShardId: parentId } of StreamDescription?.Shards ?? [])
      shards.push({ shardId, parentId });
    ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
  } while (ExclusiveStartShardId);
  const listed = new Set(shards.map(({ shardId }) => shardId));
  const listedParent = (parentId: string | undefined) =>
    parentId !== undefined && listed.has(parentId) ? parentId : undefined;
  return { streamArn, shards: shards.map((shard) => ({ ...shard, parentId: listedParent(shard.parentId) })) };
}

/** Shards that can be read now: they are not done, and their parents are passed. */
export function openShards(
  { streamArn, shards }: Stream,
  { finished, passed }: { finished: Set<string>; passed: Set<string> },
): Shard[] {
  return shards
    .filter(({ shardId, parentId }) => {
      const isWaiting = parentId !== undefined && !passed.has(parentId);
      return !isWaiting && !finished.has(shardId);
    })
    .map(({ shardId, parentId }) => ({ streamArn, shardId, isContinued: parentId !== undefined }));
}

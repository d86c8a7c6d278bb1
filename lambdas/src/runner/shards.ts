import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, type DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';

export type StreamShard = {
  shardId: string;
  /** The shard whose records come before this one's. Undefined if there was none, or if it is trimmed. */
  parentId: string | undefined;
};

/** A shard that can be read. */
export type Shard = {
  streamArn: string;
  shardId: string;
  /** Its parent is listed and passed, so without a checkpoint it starts at its beginning and no records are lost. */
  isContinued: boolean;
};

export type Stream = { streamArn: string; shards: StreamShard[] };

/** The table's newest stream with all shards that are not trimmed. Throws if the table has no stream. */
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

/** The shards that can be read now: those that are not finished and whose parent, if any, is passed. */
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

import {
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { EventSource, Shard } from './shard-consumer.ts';

/** Reads that a count takes at most, of up to 1,000 records each. */
const maxReads = 5;

export type Backlog = { records: number; hasMore: boolean };

/** How many records of interest a shard holds after a sequence number: at least so many, where there are more. */
export async function countAfter(
  streams: DynamoDBStreamsClient,
  { streamArn: StreamArn, shardId: ShardId }: Shard,
  { filter }: EventSource,
  SequenceNumber: string,
): Promise<Backlog> {
  const ShardIteratorType = 'AFTER_SEQUENCE_NUMBER';
  let { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }),
  );
  let records = 0;
  for (let reads = 0; reads < maxReads; reads += 1) {
    const page = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: 1_000 }));
    records += (page.Records ?? []).filter(filter).length;
    ShardIterator = page.NextShardIterator;
    if (!ShardIterator || !page.Records?.length) return { records, hasMore: false };
  }
  return { records, hasMore: true };
}

import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { EventSource } from './event-sources.ts';
import { createReader, maxRecordsPerRead } from './shard-reader.ts';
import type { Shard } from './shards.ts';

/** A count makes at most this many reads, of up to 1,000 records each. */
const maxReads = 5;

export type Backlog = { records: number; hasMore: boolean };

/**
 * Counts the records for a source after a sequence number. `hasMore`: the count stopped before the end of the shard.
 */
export async function countAfter(
  streams: DynamoDBStreamsClient,
  shard: Shard,
  { filter }: EventSource,
  from: string,
): Promise<Backlog> {
  const reader = createReader(streams, shard, { from, onTrimmed: () => {} });
  let records = 0;
  for (let reads = 0; reads < maxReads; reads += 1) {
    const page = await reader.read(maxRecordsPerRead);
    records += page.filter(filter).length;
    if (reader.isClosed() || page.length === 0) return { records, hasMore: false };
  }
  return { records, hasMore: true };
}

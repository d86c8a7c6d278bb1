import { text } from 'node:stream/consumers';
import {
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  type GetRecordsCommandInput,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import { numberOf } from './sequence-numbers.ts';
import type { Shard } from './shards.ts';

export const maxRecordsPerRead = 1_000;

/**
 * GetRecords without the SDK's slow conversion of each value. The records stay as in the JSON of the answer, which is
 * how Lambda delivers them (times in seconds, binary values as base64).
 */
export async function getRecords(streams: DynamoDBStreamsClient, input: GetRecordsCommandInput) {
  const command = new GetRecordsCommand(input);
  let records: DynamoDBRecord[] = [];
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body: NodeJS.ReadableStream | Uint8Array };
      if (response.statusCode === 200 && !(response.body instanceof Uint8Array)) {
        const { Records = [], ...rest } = JSON.parse(await text(response.body));
        records = Records;
        response.body = Buffer.from(JSON.stringify(rest));
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'keepRecords' },
  );
  const { NextShardIterator } = await streams.send(command);
  return { records, next: NextShardIterator };
}

export type Reader = ReturnType<typeof createReader>;

/**
 * Reads a shard after the record `from`. If that was trimmed, it calls `onTrimmed` and continues at the oldest record.
 */
export function createReader(
  streams: DynamoDBStreamsClient,
  { streamArn: StreamArn, shardId: ShardId }: Shard,
  { from, onTrimmed }: { from: string | undefined; onTrimmed: () => void },
) {
  let readTo = from;
  let iterator: string | undefined;
  let isClosed = false;

  async function openIterator() {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn,
        ShardId,
        ShardIteratorType: readTo ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON',
        SequenceNumber: readTo,
      }),
    );
    return ShardIterator;
  }

  return {
    /** The number of the last record that was read. */
    readTo: () => readTo,
    /** Whether the shard has ended and was read to its end. */
    isClosed: () => isClosed,
    async read(Limit = maxRecordsPerRead): Promise<DynamoDBRecord[]> {
      try {
        iterator ??= await openIterator();
        const { records, next } = await getRecords(streams, { ShardIterator: iterator, Limit });
        iterator = next;
        isClosed = next === undefined;
        const last = records.at(-1);
        if (last) readTo = numberOf(last);
        return records;
      } catch (error) {
        iterator = undefined;
        if (error instanceof TrimmedDataAccessException) {
          readTo = undefined;
          onTrimmed();
        } else if (!(error instanceof ExpiredIteratorException)) throw error;
        return [];
      }
    },
  };
}

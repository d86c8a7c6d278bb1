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
import type { Shard } from './shards.ts';

export const maxRecordsPerRead = 1_000;

/**
 * GetRecords, its records as they come: in JSON they have the form in which Lambda hands them over (times in seconds,
 * binary values as base64), which the SDK would convert value by value, to be converted back.
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

export const numberOf = ({ dynamodb }: DynamoDBRecord) => dynamodb?.SequenceNumber ?? '';

/** Whether a sequence number comes after another of its shard; undefined: before all records. */
export function isAfter(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return BigInt(one) > BigInt(other);
}

/** The number of the last of these records that comes before all of those, in the shard. */
export function lastBefore(records: DynamoDBRecord[], those: DynamoDBRecord[]): string | undefined {
  const numbers = those.map(numberOf);
  const least = numbers.reduce((one, other) => (isAfter(one, other) ? other : one));
  const before = records.map(numberOf).filter((number) => isAfter(least, number));
  return before.length > 0 ? before.reduce((one, other) => (isAfter(one, other) ? one : other)) : undefined;
}

export type Reader = ReturnType<typeof createReader>;

/** Reads a shard from after `from` on. `onTrimmed` is told that records are gone: it goes on with the oldest then. */
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
    /** The last record that was read. */
    readTo: () => readTo,
    /** There is nothing more to be read, ever. */
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

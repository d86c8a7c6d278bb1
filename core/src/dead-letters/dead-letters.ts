import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { StreamRecord } from '../log/stream-records.ts';
import type { Table } from '../table/client.ts';
import { ttlAttribute } from '../table/definition.ts';
import { deadLetterKey, deadLettersPk } from '../table/keys.ts';
import { queryAll } from '../table/read.ts';

/** The names of the stream's consumers (lambdas/src/consumers). Each has dead letters of its own. */
export const consumers = ['summaries', 'large-summaries'] as const;
export type ConsumerName = (typeof consumers)[number];

/** Why no further attempt was made, in the terms of Lambda's on-failure destinations. */
export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** A stream record that failed every attempt, with its last error. */
export type DeadLetter = {
  consumer: string;
  shardId: string;
  record: StreamRecord;
  error: string;
  condition: Condition;
  attempts: number;
};
export type StoredLetter = DeadLetter & { id: string; failedAt: string };

const retentionDays = 14;

/** Stores a dead letter, so that its shard can move on. Safe to repeat. 1 write unit for each KB. */
export async function put(table: Table, letter: DeadLetter) {
  const { consumer, shardId, record, error, condition, attempts } = letter;
  const nowMs = table.clock.now();
  await table.doc.send(
    new PutCommand({
      TableName: table.runnerName,
      Item: {
        ...deadLetterKey(consumer, shardId, record.dynamodb?.SequenceNumber ?? ''),
        record: JSON.stringify(record),
        error,
        condition,
        attempts,
        failed_at: new Date(nowMs).toISOString(),
        [ttlAttribute]: Math.floor(nowMs / 1_000) + retentionDays * 24 * 60 * 60,
      },
    }),
  );
}

/** Whether a record is a dead letter already. 1 read unit for each 4 KB. */
export async function exists(
  table: Table,
  { consumer, shardId, record }: Pick<DeadLetter, 'consumer' | 'shardId' | 'record'>,
): Promise<boolean> {
  const sequenceNumber = record.dynamodb?.SequenceNumber ?? '';
  const Key = keyOf({ consumer, shardId, sequenceNumber });
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.runnerName, Key, ProjectionExpression: 'pk', ConsistentRead: true }),
  );
  return Item !== undefined;
}

/** All letters of a consumer, by shard and in the stream's order. 1 read unit for each 4 KB. */
export async function* list(table: Table, consumer: string): AsyncGenerator<StoredLetter> {
  const items = queryAll(table, {
    TableName: table.runnerName,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': deadLettersPk(consumer) },
  });
  for await (const item of items) yield letterFromItem(consumer, item);
}

/** The letter with this id, which is `<consumer>/<shard>#<sequence number>`. Undefined if there is none. */
export async function get(table: Table, id: string): Promise<StoredLetter | undefined> {
  const origin = parseId(id);
  if (!origin) return undefined;
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.runnerName, Key: keyOf(origin), ConsistentRead: true }),
  );
  return Item && letterFromItem(origin.consumer, Item);
}

/** Removes a letter. If its record has failed again since the letter was read, the letter stays. Safe to repeat. */
export async function remove(table: Table, { id, failedAt }: StoredLetter) {
  const origin = parseId(id);
  if (!origin) return;
  try {
    await table.doc.send(
      new DeleteCommand({
        TableName: table.runnerName,
        Key: keyOf(origin),
        ConditionExpression: 'attribute_not_exists(pk) OR failed_at = :read',
        ExpressionAttributeValues: { ':read': failedAt },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

const idPattern = /^([^/]+)\/([^#]+)#(.+)$/;
/** The record that a letter was made of. */
type Origin = { consumer: string; shardId: string; sequenceNumber: string };

function parseId(id: string): Origin | undefined {
  const [, consumer, shardId, sequenceNumber] = idPattern.exec(id) ?? [];
  return consumer && shardId && sequenceNumber ? { consumer, shardId, sequenceNumber } : undefined;
}

const keyOf = ({ consumer, shardId, sequenceNumber }: Origin) =>
  deadLetterKey(consumer, shardId, sequenceNumber);

function letterFromItem(consumer: string, item: Record<string, unknown>): StoredLetter {
  const sk = item.sk as string;
  return {
    id: `${consumer}/${sk}`,
    consumer,
    shardId: sk.slice(0, sk.lastIndexOf('#')),
    record: JSON.parse(item.record as string) as StreamRecord,
    error: item.error as string,
    condition: (item.condition as Condition | undefined) ?? 'RetryAttemptsExhausted',
    attempts: (item.attempts as number | undefined) ?? 0,
    failedAt: item.failed_at as string,
  };
}

import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '@parley/core/table/client';
import { ttlAttribute } from '@parley/core/table/definition';
import { deadLetterKey } from '@parley/core/table/keys';
import type { DynamoDBRecord } from 'aws-lambda';

const keptDays = 14;

/** Why a record was given up, in the words of Lambda's on-failure destinations. */
export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export type DeadLetter = {
  consumer: string;
  shardId: string;
  record: DynamoDBRecord;
  error: string;
  condition: Condition;
  attempts: number;
};

/** Keeps a record that failed every attempt, whole and with its error, so that the shard can move on. Safe to repeat. */
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
        [ttlAttribute]: Math.floor(nowMs / 1_000) + keptDays * 24 * 60 * 60,
      },
    }),
  );
}

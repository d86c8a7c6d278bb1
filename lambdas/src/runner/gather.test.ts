import { expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { createGathering } from './gather.ts';

const record = (number: number, SizeBytes = 100): DynamoDBRecord => ({
  dynamodb: { SequenceNumber: String(number), SizeBytes },
});
const records = (count: number) => Array.from({ length: count }, (_, index) => record(index + 1));
const longMs = 60_000;

test('without a window a batch is due at once', () => {
  let due = 0;
  const gathering = createGathering({ batchSize: 10, windowMs: 0 }, () => {
    due += 1;
  });
  gathering.add(records(2));
  expect(due).toBe(1);
  expect(gathering.release()).toHaveLength(2);
  expect(gathering.release()).toBeUndefined();
});

test('with a window a batch waits until it is full by number', () => {
  const gathering = createGathering({ batchSize: 3, windowMs: longMs }, () => {});
  gathering.add(records(2));
  expect([gathering.room(), gathering.release()]).toEqual([1, undefined]);
  gathering.add([record(3)]);
  expect(gathering.room()).toBe(0);
  expect(gathering.release()).toHaveLength(3);
  expect([gathering.room(), gathering.size()]).toEqual([3, 0]);
});

test('a batch is full by bytes, too', () => {
  const gathering = createGathering({ batchSize: 1_000, windowMs: longMs }, () => {});
  gathering.add([record(1, 5_999_999)]);
  expect(gathering.room()).toBe(999);
  gathering.add([record(2, 1)]);
  expect(gathering.room()).toBe(0);
  expect(gathering.release()).toHaveLength(2);
});

test('the window begins with the first record of a batch, and the batch is due when it has passed', async () => {
  const isDue = new Promise<void>((resolve) => {
    const gathering = createGathering({ batchSize: 10, windowMs: 20 }, () => {
      if (gathering.release()?.length === 2) resolve();
    });
    gathering.add([record(1)]);
    gathering.add([record(2)]);
  });
  await isDue;
});

test('when the shard has ended, a batch does not wait for its window', () => {
  const gathering = createGathering({ batchSize: 10, windowMs: longMs }, () => {});
  gathering.add([record(1)]);
  gathering.close();
  expect(gathering.release()).toHaveLength(1);
  gathering.add([record(2)]);
  expect(gathering.release()).toHaveLength(1);
});

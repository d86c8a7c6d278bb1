import { expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { createAttempts } from './attempts.ts';
import { type Failure, halves, partsOf, stepAfter } from './next-attempt.ts';

const records = (count: number): DynamoDBRecord[] =>
  Array.from({ length: count }, (_, index) => ({ dynamodb: { SequenceNumber: String(index + 1) } }));
const shown = (parts: { records: DynamoDBRecord[]; attempt: number }[]) =>
  parts.map(({ records, attempt }) => [
    records.map(({ dynamodb }) => Number(dynamodb?.SequenceNumber)),
    attempt,
  ]);

const alone: Failure = {
  records: 1,
  failedFrom: 0,
  attempt: 1,
  maxAttempts: 8,
  hasThrown: true,
  isTransient: false,
  doOthersWait: true,
};
const batch: Failure = { ...alone, records: 4 };

test('a batch without earlier attempts is one part', () => {
  expect(shown(partsOf(createAttempts([]), records(3)))).toEqual([[[1, 2, 3], 1]]);
});

test('records that the previous runner delivered together are halved, and their neighbours stay together', () => {
  const attempts = createAttempts([{ from: '2', records: 3, attempts: 0 }]);
  expect(shown(partsOf(attempts, records(6)))).toEqual([
    [[1], 1],
    [[2, 3], 1],
    [[4], 1],
    [[5, 6], 1],
  ]);
});

test('a single record continues its count of attempts, and comes last once it has failed twice', () => {
  const tried = (attempts: number) => createAttempts([{ from: '2', records: 1, attempts }]);
  expect(shown(partsOf(tried(1), records(3)))).toEqual([
    [[1], 1],
    [[2], 2],
    [[3], 1],
  ]);
  expect(shown(partsOf(tried(2), records(3)))).toEqual([
    [[1], 1],
    [[3], 1],
    [[2], 3],
  ]);
});

test('a batch that throws is halved, and one that reports its first record twice delivers that record alone', () => {
  expect(stepAfter(batch)).toBe('halves');
  expect(stepAfter({ ...batch, hasThrown: false })).toBe('again');
  expect(stepAfter({ ...batch, hasThrown: false, attempt: 2 })).toBe('alone');
  expect(halves(records(3)).map((half) => half.length)).toEqual([2, 1]);
});

test('a batch with progress delivers the rest, and a fault of the table does not count', () => {
  expect(stepAfter({ ...batch, failedFrom: 2 })).toBe('rest');
  expect(stepAfter({ ...batch, isTransient: true })).toBe('uncounted');
  expect(stepAfter({ ...alone, isTransient: true, attempt: 8 })).toBe('uncounted');
});

test('a single record is delivered after the waiting ones after two attempts, and is a dead letter after the last attempt', () => {
  const steps = (doOthersWait: boolean) =>
    [1, 2, 3, 7, 8].map((attempt) => stepAfter({ ...alone, attempt, doOthersWait }));
  expect(steps(true)).toEqual(['again', 'last', 'again', 'again', 'dead-letter']);
  expect(steps(false)).toEqual(['again', 'again', 'again', 'again', 'dead-letter']);
  expect(stepAfter({ ...alone, attempt: 1, maxAttempts: 1 })).toBe('dead-letter');
});

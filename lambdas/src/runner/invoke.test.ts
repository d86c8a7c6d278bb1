import { expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { invoke } from './invoke.ts';

const records: DynamoDBRecord[] = ['1', '2', '3'].map((SequenceNumber) => ({ dynamodb: { SequenceNumber } }));
const reporting = (...numbers: string[]) => ({
  handler: async () => ({ batchItemFailures: numbers.map((itemIdentifier) => ({ itemIdentifier })) }),
  timeoutMs: 5_000,
});

test('an outcome names the first record that failed', async () => {
  expect(await invoke(reporting(), records)).toEqual({});
  expect(await invoke(reporting('3', '2'), records)).toEqual({ failedFrom: 1 });
});

test('a handler fails as a whole if it throws, reports a record it was not given, or does not end in time', async () => {
  const error = new Error('broken');
  const throwing = { handler: () => Promise.reject(error), timeoutMs: 5_000 };
  expect(await invoke(throwing, records)).toEqual({ failedFrom: 0, error });
  const strange = await invoke(reporting('2', '9'), records);
  expect(strange).toEqual({
    failedFrom: 0,
    error: expect.objectContaining({ message: expect.stringContaining('9') }),
  });
  const hanging = { handler: () => new Promise<never>(() => {}), timeoutMs: 20 };
  const late = await invoke(hanging, records);
  expect(late).toEqual({ failedFrom: 0, error: new Error('Task timed out after 0.02 seconds') });
});

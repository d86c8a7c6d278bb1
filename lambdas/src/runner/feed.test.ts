import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import type { DynamoDBRecord } from 'aws-lambda';
import { pino } from 'pino';
import { createTestLeases } from '../testing/leases.ts';
import type { EventSource } from './event-sources.ts';
import { createFeed } from './feed.ts';
import type { Shard } from './shards.ts';

const logger = pino({ level: 'silent' });
let table: Awaited<ReturnType<typeof createTestTable>>;
const { held, releaseAll } = createTestLeases(() => table);
beforeAll(async () => {
  table = await createTestTable();
});
afterEach(releaseAll);
afterAll(() => table.drop());

const shard: Shard = { streamArn: 'arn:stream', shardId: 'shard-1', isContinued: false };
const record = (number: number, isWanted = true): DynamoDBRecord => ({
  eventName: isWanted ? 'INSERT' : 'REMOVE',
  dynamodb: { SequenceNumber: String(number), ApproximateCreationDateTime: Date.now() / 1_000 },
});
const numbersOf = (records: DynamoDBRecord[]) =>
  records.map(({ dynamodb }) => Number(dynamodb?.SequenceNumber));

/** A feed whose handler waits for `release`, and the batches that the handler received. */
async function startFeed(changes: Partial<EventSource> = {}, doneTo?: string) {
  const { name, mine: lease, stopping } = await held(shard);
  const batches: number[][] = [];
  const waiting: (() => void)[] = [];
  const source: EventSource = {
    name,
    filter: ({ eventName }) => eventName === 'INSERT',
    async handler({ Records }) {
      batches.push(numbersOf(Records));
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { batchItemFailures: [] };
    },
    ...{ batchSize: 3, windowMs: 0, maxPollMs: 1_000, maxAttempts: 3 },
    ...{ maxRecordAgeMs: Number.POSITIVE_INFINITY, timeoutMs: 5_000 },
    ...changes,
  };
  const feed = createFeed(
    {
      ...{ table, lease, logger, signal: stopping.signal, isTakenOver: false },
      writeProgress: async () => true,
      onProgress: () => {},
      onDeadLetter: () => {},
      onFailure(error) {
        throw error;
      },
    },
    shard,
    source,
    { doneTo, trials: [] },
  );
  const add = (...records: DynamoDBRecord[]) => feed.add(records, records.at(-1)?.dynamodb?.SequenceNumber);
  /** Waits for the next invocation, and ends it. */
  const release = async () => {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    waiting.shift()?.();
    await feed.delivered(5_000);
  };
  return { feed, batches, add, release };
}

test('records are collected while a batch is delivered, and follow it in order', async () => {
  const { feed, batches, add, release } = await startFeed();
  add(record(1));
  add(record(2), record(3));
  expect(feed.pending()).toMatchObject({ records: 3, readTo: '3' });
  await release();
  expect(feed.progress().doneTo).toBe('1');
  await release();
  expect([batches, feed.progress().doneTo, feed.isIdle()]).toEqual([[[1], [2, 3]], '3', true]);
});

test('a page without room is refused as a whole, and can be added later', async () => {
  const { feed, batches, add, release } = await startFeed();
  add(record(1));
  add(record(2), record(3));
  expect(add(record(4), record(5))).toBe(false);
  expect(feed.readTo()).toBe('3');
  await release();
  expect(add(record(4), record(5))).toBe(true);
  await release();
  await release();
  expect(batches).toEqual([[1], [2, 3], [4, 5]]);
});

test('unwanted records move the source’s position, but not past a batch in delivery', async () => {
  const { feed, add, release } = await startFeed();
  add(record(1, false), record(2, false));
  expect([feed.progress().doneTo, feed.isIdle()]).toEqual(['2', true]);
  add(record(3));
  add(record(4, false));
  expect([feed.progress().doneTo, feed.readTo()]).toEqual(['2', '4']);
  await release();
  expect(feed.progress().doneTo).toBe('4');
});

test('records up to the position where the source continues are not delivered again', async () => {
  const { batches, add, release } = await startFeed({}, '2');
  add(record(1), record(2), record(3));
  await release();
  expect(batches).toEqual([[3]]);
});

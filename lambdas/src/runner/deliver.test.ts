import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import { createTestTable } from '@parley/engines/testing/test-table';
import type { DynamoDBRecord } from 'aws-lambda';
import { pino } from 'pino';
import { createTestLeases } from '../testing/leases.ts';
import { createAttempts } from './attempts.ts';
import { type DeliveryContext, deliver } from './deliver.ts';
import type { EventSource } from './event-sources.ts';
import * as leases from './leases.ts';
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
const numberOf = ({ dynamodb }: DynamoDBRecord) => Number(dynamodb?.SequenceNumber);
const record = (number: number, ageMs = 0): DynamoDBRecord => ({
  eventName: 'INSERT',
  dynamodb: {
    SequenceNumber: String(number),
    ApproximateCreationDateTime: (Date.now() - ageMs) / 1_000,
    NewImage: { message: { S: `record ${number}` } },
  },
});
const records = (count: number) => Array.from({ length: count }, (_, index) => record(index + 1));

async function createContext(source: Partial<EventSource> & Pick<EventSource, 'handler'>) {
  const { name, lease, mine, stopping } = await held(shard);
  const attempts = createAttempts([]);
  const context: DeliveryContext = {
    table,
    source: {
      name,
      filter: () => true,
      batchSize: 1_000,
      windowMs: 0,
      maxPollMs: 1_000,
      maxAttempts: 3,
      maxRecordAgeMs: Number.POSITIVE_INFINITY,
      timeoutMs: 5_000,
      ...source,
    },
    lease: mine,
    attempts,
    isCautious: false,
    writeProgress: () => mine.save({ isFinished: false, progress: { [name]: { trials: attempts.list() } } }),
    onProgress: () => {},
    logger,
    signal: stopping.signal,
    onDeadLetter: () => {},
  };
  const letters = async () => {
    const found: deadLetters.StoredLetter[] = [];
    for await (const letter of deadLetters.list(table, name)) found.push(letter);
    return found;
  };
  return { context, letters, lease, stopping };
}

const none = { batchItemFailures: [] };
const failures = (...numbers: number[]) => ({
  batchItemFailures: numbers.map((number) => ({ itemIdentifier: String(number) })),
});

test('a batch that throws is halved down to the record at fault, and all others are done once, in order', async () => {
  const done: number[] = [];
  let invocations = 0;
  const { context, letters } = await createContext({
    handler: async ({ Records }) => {
      invocations += 1;
      if (Records.some((each) => numberOf(each) === 37)) throw new Error('cannot digest 37');
      done.push(...Records.map(numberOf));
      return none;
    },
  });
  expect(await deliver(context, shard, records(64))).toBe(true);
  expect(done).toEqual(
    records(64)
      .map(numberOf)
      .filter((number) => number !== 37),
  );
  // Seven batches of 64, 32, ... 1 fail, and the single record fails twice more. Six halves succeed.
  expect(invocations).toBe(7 + 2 + 6);
  expect(await letters()).toMatchObject([
    {
      condition: 'RetryAttemptsExhausted',
      attempts: 3,
      error: expect.stringContaining('cannot digest 37'),
      record: { dynamodb: { SequenceNumber: '37', NewImage: { message: { S: 'record 37' } } } },
    },
  ]);
});

test('a record that a handler reports repeatedly is delivered alone, and its neighbours are delivered', async () => {
  const done: number[] = [];
  const { context, letters } = await createContext({
    handler: async ({ Records }) => {
      const numbers = Records.map(numberOf);
      const bad = numbers.filter((number) => [2, 5].includes(number));
      done.push(...numbers.filter((number) => !bad.includes(number)));
      return failures(...bad);
    },
  });
  expect(await deliver(context, shard, records(6))).toBe(true);
  expect([...new Set(done)].sort()).toEqual([1, 3, 4, 6]);
  const found = await letters();
  expect(found.map(({ record }) => record.dynamodb?.SequenceNumber)).toEqual(['2', '5']);
  expect(found[0]?.error).toBe('reported by the handler');
});

test('a record that fails alone becomes a dead letter after its neighbours are done, not before', async () => {
  const deliveries: number[][] = [];
  const { context, letters } = await createContext({
    handler: async ({ Records }) => {
      const numbers = Records.map(numberOf);
      deliveries.push(numbers);
      // As with summaries, records that share a conversation with the bad record fail with it.
      const bad = numbers.includes(2) ? numbers.filter((number) => number <= 3) : [];
      return failures(...bad);
    },
  });
  expect(await deliver(context, shard, records(5))).toBe(true);
  const firstOf = (number: number) => deliveries.findIndex(([first]) => first === number);
  const alone = deliveries.flatMap((numbers, index) => (numbers.join() === '2' ? index : []));
  // Three attempts, the last one after all others were done.
  expect(alone).toHaveLength(3);
  expect(firstOf(3)).toBeGreaterThan(alone[1] ?? 0);
  expect(alone[2]).toBe(deliveries.length - 1);
  expect(
    (await letters()).map(({ record, attempts }) => [record.dynamodb?.SequenceNumber, attempts]),
  ).toEqual([['2', 3]]);
});

test('a handler that stops at its deadline and reports the rest, any number of times, loses nothing', async () => {
  const done: number[] = [];
  const { context, letters } = await createContext({
    maxAttempts: 1,
    handler: async ({ Records }, { getRemainingTimeInMillis }) => {
      expect(getRemainingTimeInMillis()).toBeGreaterThan(4_000);
      const [now, later] = [Records.slice(0, 3), Records.slice(3)];
      done.push(...now.map(numberOf));
      return failures(...later.map(numberOf));
    },
  });
  expect(await deliver(context, shard, records(20))).toBe(true);
  expect(done).toEqual(records(20).map(numberOf));
  expect(await letters()).toEqual([]);
});

test('a handler that does not end in time has failed, and a smaller batch may end', async () => {
  const done: number[] = [];
  const { context, letters } = await createContext({
    timeoutMs: 100,
    handler: async ({ Records }) => {
      if (Records.length > 1) await new Promise(() => {});
      done.push(...Records.map(numberOf));
      return none;
    },
  });
  expect(await deliver(context, shard, records(4))).toBe(true);
  expect(done).toEqual([1, 2, 3, 4]);
  expect(await letters()).toEqual([]);
});

test('a report of a record outside the batch fails the batch, and an empty answer is success', async () => {
  const strange = await createContext({ maxAttempts: 1, handler: async () => failures(99) });
  expect(await deliver(strange.context, shard, records(1))).toBe(true);
  expect((await strange.letters())[0]?.error).toContain('“99”');
  const empty = await createContext({ handler: async () => undefined as never });
  expect(await deliver(empty.context, shard, records(1))).toBe(true);
  expect(await empty.letters()).toEqual([]);
});

test('a record that is too old becomes a dead letter without delivery, and younger ones are delivered', async () => {
  const done: number[] = [];
  const { context, letters } = await createContext({
    maxRecordAgeMs: 60_000,
    handler: async ({ Records }) => {
      done.push(...Records.map(numberOf));
      return none;
    },
  });
  expect(await deliver(context, shard, [record(1, 120_000), record(2, 90_000), record(3)])).toBe(true);
  expect(done).toEqual([3]);
  expect((await letters()).map(({ condition }) => condition)).toEqual([
    'RecordAgeExceeded',
    'RecordAgeExceeded',
  ]);
});

test('without the lease, nothing more is delivered and no dead letter is written', async () => {
  let invocations = 0;
  const { context, letters, lease } = await createContext({
    maxAttempts: 1,
    handler: async () => {
      invocations += 1;
      await leases.acquire(table, lease, lease, { owner: 'other', leaseMs: 60_000 });
      context.lease.save({ sequenceNumber: '1', isFinished: false });
      while (!context.lease.isLost()) await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error('too late');
    },
  });
  expect(await deliver(context, shard, records(1))).toBe(false);
  expect([invocations, await letters()]).toEqual([1, []]);
});

test('with records out of order, progress ends before the least number that is not done', async () => {
  const reported: string[] = [];
  const { context } = await createContext({
    handler: async ({ Records }) => {
      if (Records.some((each) => numberOf(each) === 5)) throw new Error('poisoned');
      return none;
    },
  });
  const shuffled = [3, 6, 5, 9, 4, 8].map((number) => record(number));
  expect(await deliver({ ...context, onProgress: (number) => reported.push(number) }, shard, shuffled)).toBe(
    true,
  );
  expect(reported.length).toBeGreaterThan(0);
  expect(reported.map(Number).filter((number) => number >= 5)).toEqual([]);
});

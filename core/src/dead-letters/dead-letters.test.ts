import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { deadLetterKey } from '../table/keys.ts';
import { type Item, scanPages } from '../table/read.ts';
import type { DeadLetter } from './dead-letters.ts';
import * as deadLetters from './dead-letters.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

let consumers = 0;
/** A letter of a new consumer. */
function letterOf(change: Partial<DeadLetter> & { sequenceNumber?: string } = {}): DeadLetter {
  const { sequenceNumber = '1', ...rest } = change;
  if (!rest.consumer) consumers += 1;
  return {
    consumer: `consumer-${consumers}`,
    shardId: 'shardId-1',
    record: {
      eventName: 'INSERT',
      dynamodb: { SequenceNumber: sequenceNumber, NewImage: { a: { S: 'text' } } },
    },
    error: 'Error: refused',
    condition: 'RecordAgeExceeded',
    attempts: 3,
    ...rest,
  };
}

/** The table at another time. */
const at = (nowMs: number) => ({ ...table, clock: { ...table.clock, now: () => nowMs } });
const now = Date.parse('2026-01-01T00:00:00Z');

async function deadLetterItems() {
  const items: Item[] = [];
  for await (const page of scanPages(table, table.runnerName)) items.push(...page);
  return items;
}

async function listed(consumer: string) {
  const found = [];
  for await (const letter of deadLetters.list(table, consumer)) found.push(letter);
  return found;
}

test('a letter is stored whole, and found by its record, its consumer and its id', async () => {
  const letter = letterOf();
  expect(await deadLetters.exists(table, letter)).toBe(false);
  await deadLetters.put(at(now), letter);
  const stored = {
    ...letter,
    id: `${letter.consumer}/shardId-1#1`,
    failedAt: '2026-01-01T00:00:00.000Z',
  };
  expect(await deadLetters.exists(table, letter)).toBe(true);
  expect(await listed(letter.consumer)).toEqual([stored]);
  expect(await deadLetters.get(table, stored.id)).toEqual(stored);
});

test('letters of another consumer, shard or sequence number are separate', async () => {
  const letter = letterOf();
  await deadLetters.put(table, letter);
  for (const other of [
    letterOf(),
    { ...letter, shardId: 'shardId-2' },
    letterOf({ consumer: letter.consumer, sequenceNumber: '2' }),
  ])
    expect(await deadLetters.exists(table, other)).toBe(false);
});

test('a letter expires after 14 days', async () => {
  const letter = letterOf();
  await deadLetters.put(at(now), letter);
  const items = await deadLetterItems();
  const { pk } = deadLetterKey(letter.consumer, '', '');
  expect(items.find((item) => item.pk === pk)).toMatchObject({
    ttl: Date.parse('2026-01-15T00:00:00Z') / 1_000,
  });
});

test('a letter that is put again stays one letter, with the later time', async () => {
  const letter = letterOf();
  await deadLetters.put(at(now), letter);
  await deadLetters.put(at(now + 60_000), { ...letter, error: 'Error: again', attempts: 4 });
  expect(await listed(letter.consumer)).toMatchObject([
    { error: 'Error: again', attempts: 4, failedAt: '2026-01-01T00:01:00.000Z' },
  ]);
});

test('letters are listed by shard, in the order of the stream', async () => {
  const { consumer } = letterOf();
  const places = [
    ['shardId-2', '100'],
    ['shardId-1', '200'],
    ['shardId-2', '300'],
    ['shardId-1', '100'],
  ] as const;
  for (const [shardId, sequenceNumber] of places)
    await deadLetters.put(table, letterOf({ consumer, shardId, sequenceNumber }));
  const found = await listed(consumer);
  expect(found.map(({ shardId, record }) => [shardId, record.dynamodb?.SequenceNumber])).toEqual([
    ['shardId-1', '100'],
    ['shardId-1', '200'],
    ['shardId-2', '100'],
    ['shardId-2', '300'],
  ]);
});

test('a letter that failed again after it was read is not removed, and a removal may be repeated', async () => {
  const letter = letterOf();
  await deadLetters.put(at(now), letter);
  const [read] = await listed(letter.consumer);
  if (!read) throw new Error('no letter');
  await deadLetters.put(at(now + 1), letter);
  await deadLetters.remove(table, read);
  const [again] = await listed(letter.consumer);
  expect(again?.failedAt).toBe('2026-01-01T00:00:00.001Z');
  for (let run = 0; run < 2; run += 1) if (again) await deadLetters.remove(table, again);
  expect(await listed(letter.consumer)).toEqual([]);
});

test.each(['', 'summaries', 'summaries/', 'summaries/shard', 'summaries/shard#', '/shard#1', 'a/b#1'])(
  'the id %j finds nothing, and removes nothing',
  async (id) => {
    expect(await deadLetters.get(table, id)).toBeUndefined();
    await deadLetters.remove(table, { ...letterOf(), id, failedAt: '' });
  },
);

test('a letter of an earlier version counts as one that exhausted its attempts', async () => {
  const { consumer, record } = letterOf();
  const Item = {
    ...deadLetterKey(consumer, 'shardId-1', '1'),
    record: JSON.stringify(record),
    error: 'x',
    failed_at: 'then',
  };
  await table.doc.send(new PutCommand({ TableName: table.runnerName, Item }));
  expect(await deadLetters.get(table, `${consumer}/shardId-1#1`)).toMatchObject({
    condition: 'RetryAttemptsExhausted',
    attempts: 0,
    failedAt: 'then',
    record,
  });
});

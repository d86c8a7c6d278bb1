import { randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { groupKey, maxSeq, memberKey } from '../table/keys.ts';
import type { Entry, Range } from './entries.ts';
import * as entries from './entries.ts';
import { entryFromItem, entryItem } from './entries.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
  for (const seq of [1, 2, 3, 4, 5]) await put(entryItem(entry(seq)));
  // A log ends before the group and the members of its conversation, which have the same partition.
  await put({ ...groupKey(uuid), kind: 'group' });
  await put({ ...memberKey(uuid, randomUUID()), role: 'member' });
});
afterAll(() => table.drop());

const uuid = randomUUID();
const entry = (seq: number): Entry => ({
  message_group_uuid: uuid,
  seq,
  type: 'message',
  message_uuid: `message ${seq}`,
  message: `text ${seq}`,
  user_uuid: 'author',
  user_handle: 'ada',
  user_display_name: 'Ada',
  created_at: '2026-01-01T00:00:00.000Z',
  message_count: seq,
});
const put = (Item: Record<string, unknown>) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item }));

const seqsOf = (read: Entry[]) => read.map(({ seq }) => seq);
async function seqsOfRange(range: Range, messageGroupUuid = uuid) {
  const { entries: read, isComplete } = await entries.range(table, messageGroupUuid, range);
  return { seqs: seqsOf(read), isComplete };
}
async function seqsOfPages(range: Range) {
  const found: number[][] = [];
  for await (const page of entries.pages(table, uuid, range)) found.push(seqsOf(page));
  return found;
}

describe('the item of an entry', () => {
  test('holds the entry, and nothing twice', async () => {
    const item = entryItem(entry(7));
    expect(item).not.toHaveProperty('seq');
    expect(item).not.toHaveProperty('message_group_uuid');
    expect(entryFromItem(item)).toEqual(entry(7));
    expect(await entries.get(table, uuid, 3)).toEqual(entry(3));
    expect(await entries.get(table, uuid, 6)).toBeUndefined();
  });

  test.each([
    'type',
    'message_uuid',
    'message',
    'user_uuid',
    'user_handle',
    'user_display_name',
    'created_at',
  ])('without %s is not an entry, nor with a number there', (name) => {
    const item: Record<string, unknown> = entryItem(entry(1));
    const error = new TypeError(`log entry without ${name}`);
    for (const value of [undefined, 1])
      expect(() => entryFromItem({ ...item, [name]: value })).toThrow(error);
    expect(entryFromItem({ ...item, [name]: '' })).toMatchObject({ [name]: '' });
  });

  test('is not an entry without a whole message_count, or under another key', () => {
    const item = entryItem(entry(1));
    for (const message_count of [undefined, '1', 1.5, Number.NaN])
      expect(() => entryFromItem({ ...item, message_count })).toThrow(TypeError);
    for (const key of [groupKey(uuid), { pk: item.pk, sk: '1' }, { pk: uuid, sk: item.sk }])
      expect(() => entryFromItem({ ...item, ...key })).toThrow('not the key of a log entry');
  });
});

describe('a range of a log', () => {
  test('holds its first and its last number', async () => {
    expect(await seqsOfRange({ from: 2, to: 4, order: 'ascending' })).toEqual({
      seqs: [2, 3, 4],
      isComplete: true,
    });
    expect((await seqsOfRange({ from: 3, to: 3, order: 'descending' })).seqs).toEqual([3]);
  });

  test('without bounds is the log, without the group and the members after it', async () => {
    for (const bounds of [{}, { from: -3 }, { from: 0, to: maxSeq }, { to: maxSeq + 1 }])
      expect((await seqsOfRange({ ...bounds, order: 'ascending' })).seqs).toEqual([1, 2, 3, 4, 5]);
    expect((await seqsOfRange({ order: 'descending' })).seqs).toEqual([5, 4, 3, 2, 1]);
    expect(await entries.newest(table, uuid)).toEqual(entry(5));
    expect(await entries.newest(table, randomUUID())).toBeUndefined();
  });

  test('that cannot hold an entry is empty and complete', async () => {
    const empty = { seqs: [], isComplete: true };
    expect(await seqsOfRange({ from: 4, to: 3, order: 'ascending' })).toEqual(empty);
    expect(await seqsOfRange({ from: -2, to: 0, order: 'ascending' })).toEqual(empty);
    expect(await seqsOfRange({ from: 6, order: 'ascending' })).toEqual(empty);
  });

  test('is read up to its limit, from the end that its order starts at, and is not complete', async () => {
    expect(await seqsOfRange({ order: 'ascending', limit: 2 })).toEqual({ seqs: [1, 2], isComplete: false });
    expect(await seqsOfRange({ to: 4, order: 'descending', limit: 2 })).toEqual({
      seqs: [4, 3],
      isComplete: false,
    });
  });
});

test('the pages of a range hold each entry once, in both orders, and stay within its bounds', async () => {
  const paged = async (range: Range) => (await seqsOfPages({ ...range, limit: 2 })).flat();
  expect(await paged({ order: 'ascending' })).toEqual([1, 2, 3, 4, 5]);
  expect(await paged({ order: 'descending' })).toEqual([5, 4, 3, 2, 1]);
  expect(await paged({ from: 2, to: 4, order: 'ascending' })).toEqual([2, 3, 4]);
  expect(await paged({ from: 2, to: 4, order: 'descending' })).toEqual([4, 3, 2]);
  expect(await seqsOfPages({ order: 'ascending', limit: 9 })).toEqual([[1, 2, 3, 4, 5]]);
  expect(await seqsOfPages({ from: 6, order: 'ascending' })).toEqual([[]]);
});

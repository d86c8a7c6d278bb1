import { randomUUID } from 'node:crypto';
import { BatchWriteCommand, PutCommand, QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import { entryItem } from '../log/entries.ts';
import { summaryKey } from '../table/keys.ts';
import { type InboxCursor, type ListInput, list } from './inbox.ts';
import { createNewestEntries } from './newest-entries.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

/** A new person for each test. */
let userUuid: string;
beforeEach(() => {
  userUuid = randomUUID();
});

const uuidOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const timeOf = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString();

/** The summary of conversation `index`, which has an unread message. The greatest index is the newest. */
const summary = (index: number, change: Record<string, unknown> = {}) => ({
  ...summaryKey(userUuid, uuidOf(index)),
  kind: 'group',
  message: `text ${index}`,
  sender_uuid: 'somebody',
  last_message_at: timeOf(index),
  last_seq: 2,
  message_count: 1,
  sent_seq: 0,
  sent_count: 0,
  read_seq: 1,
  read_count: 0,
  ...change,
});
const isRead = { read_seq: 2, read_count: 1 };
const hidden = { hidden_count: 1 };

async function store(summaries: Record<string, unknown>[]) {
  const requests = summaries.map((Item) => ({ PutRequest: { Item } }));
  while (requests.length > 0)
    await table.doc.send(new BatchWriteCommand({ RequestItems: { [table.name]: requests.splice(0, 25) } }));
}
const storeMany = (count: number, changeOf: (index: number) => Record<string, unknown> = () => ({})) =>
  store(Array.from({ length: count }, (_, index) => summary(index, changeOf(index))));

async function page(input: Omit<ListInput, 'userUuid'>, on = table) {
  const { summaries, ...rest } = await list(on, createNewestEntries(on), { userUuid, ...input });
  return { shown: summaries.map(({ message }) => Number(message.slice('text '.length))), ...rest };
}
/** All pages, one after the other. */
async function pages(input: Omit<ListInput, 'userUuid' | 'after'>) {
  const found: number[][] = [];
  let after: InboxCursor | undefined;
  do {
    const { shown, next } = await page({ ...input, after });
    found.push(shown);
    after = next;
  } while (after);
  return found;
}
const newestFirst = (count: number) => Array.from({ length: count }, (_, index) => count - 1 - index);

describe('an inbox', () => {
  test('lists the newest conversations first, each on one page', async () => {
    await storeMany(23);
    expect((await pages({ limit: 10 })).flat()).toEqual(newestFirst(23));
    expect(await page({ limit: 23 })).toMatchObject({ shown: newestFirst(23), next: undefined });
  });

  test('shows every one of several conversations with the same time', async () => {
    await storeMany(7, () => ({ last_message_at: timeOf(0) }));
    const found = (await pages({ limit: 2 })).flat();
    expect(found.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('of a person without conversations is empty, and shows nothing of others', async () => {
    await storeMany(1);
    userUuid = randomUUID();
    expect(await page({ limit: 10 })).toEqual({
      shown: [],
      next: undefined,
      unreadConversations: { count: 0, isMore: false },
    });
  });
});

describe('the unread conversations', () => {
  test('are counted among a hundred on the first page, without read and muted ones', async () => {
    await storeMany(99, (index) => (index < 90 ? isRead : index < 95 ? { muted: true } : {}));
    const first = await page({ limit: 2 });
    expect(first).toMatchObject({ shown: [98, 97], unreadConversations: { count: 4, isMore: false } });
    expect(await page({ limit: 2, after: first.next })).toMatchObject({
      shown: [96, 95],
      unreadConversations: undefined,
    });
  });

  test('are marked as incomplete beyond a hundred', async () => {
    await storeMany(101);
    expect((await page({ limit: 2 })).unreadConversations).toEqual({ count: 100, isMore: true });
  });
});

describe('hidden conversations', () => {
  test('are left out, listed alone, or listed among all', async () => {
    await storeMany(6, (index) => (index % 2 ? hidden : {}));
    expect((await page({ limit: 10 })).shown).toEqual([4, 2, 0]);
    expect((await page({ limit: 10, which: 'hidden' })).shown).toEqual([5, 3, 1]);
    expect((await page({ limit: 10, which: 'all' })).shown).toEqual([5, 4, 3, 2, 1, 0]);
    expect((await page({ limit: 10 })).unreadConversations).toEqual({ count: 3, isMore: false });
  });

  test('are skipped until the page is full', async () => {
    await storeMany(150, (index) => (index >= 20 ? hidden : {}));
    const { shown, next } = await page({ limit: 5 });
    expect(shown).toEqual([19, 18, 17, 16, 15]);
    expect((await page({ limit: 5, after: next })).shown).toEqual([14, 13, 12, 11, 10]);
    expect((await pages({ limit: 7 })).flat()).toEqual(newestFirst(20));
  });

  test('end a page after ten queries, and its cursor continues', async () => {
    await storeMany(1_003, (index) => (index >= 3 ? hidden : {}));
    let queries = 0;
    const counted = withSend(table, (command, send) => {
      if (command instanceof QueryCommand) queries += 1;
      return send(command);
    });
    const first = await page({ limit: 5 }, counted);
    expect([first.shown, queries]).toEqual([[], 10]);
    expect(first.unreadConversations).toEqual({ count: 0, isMore: true });
    expect((await page({ limit: 5, after: first.next })).shown).toEqual([2, 1, 0]);
  });
});

describe('a large conversation', () => {
  const newest = (index: number) =>
    entryItem({
      message_group_uuid: uuidOf(index),
      seq: 5,
      type: 'message',
      message_uuid: randomUUID(),
      message: 'text 77',
      user_uuid: 'somebody',
      user_handle: 's',
      user_display_name: 'S',
      created_at: timeOf(50),
      message_count: 4,
    });

  test('shows its newest entry before its summary has it, at its old position in the list', async () => {
    await store([summary(900), summary(901, { large: true, ...isRead }), summary(902, isRead)]);
    await table.doc.send(new PutCommand({ TableName: table.name, Item: newest(901) }));
    const { shown, unreadConversations, next } = await page({ limit: 2 });
    expect(shown).toEqual([902, 77]);
    expect(unreadConversations).toEqual({ count: 2, isMore: false });
    // The cursor names the row as the index has it.
    expect(next).toEqual({ last_message_at: timeOf(901), message_group_uuid: uuidOf(901) });
    expect((await page({ limit: 2, after: next })).shown).toEqual([900]);
  });

  test('is not shown to a person who has left it, even if the index still has the row', async () => {
    await store([summary(910)]);
    const stale = summary(911, { large: true });
    await table.doc.send(new PutCommand({ TableName: table.name, Item: newest(911) }));
    const lagging = withSend(table, async (command, send) => {
      const answer = await send(command);
      if (!(command instanceof QueryCommand) || !command.input.IndexName) return answer;
      return { ...(answer as object), Items: [stale, ...((answer as QueryCommandOutput).Items ?? [])] };
    });
    expect(await page({ limit: 10 }, lagging)).toMatchObject({
      shown: [910],
      unreadConversations: { count: 1, isMore: false },
    });
  });
});

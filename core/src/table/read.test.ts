import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  BatchWriteCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import { UnprocessedError } from './faults.ts';
import type { Key } from './keys.ts';
import { batchGet, countItems, createGets, type Item, queryAll, scanPages } from './read.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeEach(async () => {
  table = await createTestTable();
});
afterEach(() => table.drop());

const keyOf = (index: number, pk = 'p'): Key => ({ pk, sk: String(index).padStart(5, '0') });
const keysOf = (count: number) => Array.from({ length: count }, (_, index) => keyOf(index));
const sortKeys = (items: Item[]) => items.map(({ sk }) => sk);
const put = (Item: Item) => table.doc.send(new PutCommand({ TableName: table.name, Item }));

async function fill(count: number) {
  const requests = keysOf(count).map((Item) => ({ PutRequest: { Item } }));
  while (requests.length > 0) {
    const RequestItems = { [table.name]: requests.splice(0, 25) };
    await table.doc.send(new BatchWriteCommand({ RequestItems }));
  }
}

/** The table, but it answers only `count` keys of each request and leaves the others unprocessed. */
function answering(count: number) {
  const requests: number[] = [];
  const busy = withSend(table, async (command, send) => {
    if (!(command instanceof BatchGetCommand)) return send(command);
    const Keys = command.input.RequestItems?.[table.name]?.Keys ?? [];
    requests.push(Keys.length);
    const answer = (await send(command)) as BatchGetCommandOutput;
    const [some, others] = [Keys.slice(0, count), Keys.slice(count)];
    const items = (answer.Responses?.[table.name] ?? []).filter(({ sk }) =>
      some.some((key) => key.sk === sk),
    );
    return {
      Responses: { [table.name]: items },
      UnprocessedKeys: others.length > 0 ? { [table.name]: { Keys: others } } : {},
    };
  });
  return { busy, requests };
}

describe('a read by many keys', () => {
  test('finds the items of more keys than one request takes, and leaves out those without an item', async () => {
    await fill(230);
    const items = await batchGet(table, keysOf(250));
    expect(sortKeys(items).sort()).toEqual(sortKeys(keysOf(230)));
    expect(await batchGet(table, [])).toEqual([]);
  });

  test('retries the keys that were left unprocessed, and no others', async () => {
    await fill(5);
    const { busy, requests } = answering(2);
    expect(sortKeys(await batchGet(busy, keysOf(5))).sort()).toEqual(sortKeys(keysOf(5)));
    expect(requests).toEqual([5, 3, 1]);
  });

  test('fails if keys stay unprocessed, instead of reporting missing items', async () => {
    const { busy, requests } = answering(0);
    await expect(batchGet(busy, keysOf(1))).rejects.toThrow(UnprocessedError);
    expect(requests).toHaveLength(6);
  });
});

describe('reads that share requests', () => {
  test('each get their own item, as it was after the call', async () => {
    const get = createGets(table);
    const key = keyOf(1);
    await put({ ...key, text: 'old' });
    expect(await get(key)).toMatchObject({ text: 'old' });
    await put({ ...key, text: 'new' });
    await put({ ...keyOf(1, 'q'), text: 'of another partition' });
    expect(await Promise.all([keyOf(1, 'q'), keyOf(2), key, keyOf(1)].map(get))).toMatchObject([
      { text: 'of another partition' },
      null,
      { text: 'new' },
      { text: 'new' },
    ]);
  });

  test('wait for the running request, and then share the next one', async () => {
    await fill(60);
    let answerFirst = () => {};
    const held = new Promise<void>((resolve) => {
      answerFirst = resolve;
    });
    const requests: number[] = [];
    const slow = withSend(table, async (command, send) => {
      if (command instanceof BatchGetCommand)
        requests.push(command.input.RequestItems?.[table.name]?.Keys?.length ?? 0);
      await held;
      return send(command);
    });
    const get = createGets(slow);
    const first = get(keyOf(0));
    while (requests.length === 0) await new Promise(setImmediate);
    const some = keysOf(60).slice(0, 20).map(get);
    await sleep(20);
    const others = keysOf(60).slice(20).map(get);
    await sleep(20);
    answerFirst();
    expect(await first).toEqual(keyOf(0));
    expect(await Promise.all([...some, ...others])).toEqual(keysOf(60));
    expect(requests).toEqual([1, 60]);
  });

  test('fail together, and the next one succeeds', async () => {
    const get = createGets(table);
    const failed = await Promise.allSettled([get(keyOf(1)), get({ pk: '', sk: '' })]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await get(keyOf(1))).toBeNull();
  });
});

test('a query reads page after page, in order and with consistent reads', async () => {
  await fill(5);
  let pages = 0;
  const watched = withSend(table, async (command, send) => {
    if (command instanceof QueryCommand && command.input.ConsistentRead) pages += 1;
    return send(command);
  });
  const found: Item[] = [];
  const query = {
    TableName: table.name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': 'p' },
    Limit: 2,
  };
  for await (const item of queryAll(watched, query)) found.push(item);
  expect(found).toEqual(keysOf(5));
  expect(pages).toBe(3);
});

describe('a scan', () => {
  test('reads every item once, a thousand at a time, and passes on the error of a page that it reads ahead', async () => {
    await fill(1_003);
    const pages: Item[][] = [];
    for await (const page of scanPages(table)) pages.push(page);
    expect(pages.map(({ length }) => length)).toEqual([1_000, 3]);
    expect(pages.flat()).toEqual(keysOf(1_003));
    expect(await countItems(table)).toBe(1_003);
    const failing = withSend(table, async (command, send) => {
      if (command instanceof ScanCommand && command.input.ExclusiveStartKey) throw new Error('gone');
      return send(command);
    });
    const scanned = scanPages(failing);
    expect((await scanned.next()).value).toHaveLength(1_000);
    await new Promise(setImmediate);
    await expect(scanned.next()).rejects.toThrow('gone');
  });

  test('of the runner’s table reads that table', async () => {
    await table.doc.send(new PutCommand({ TableName: table.runnerName, Item: keyOf(7) }));
    expect((await scanPages(table, table.runnerName).next()).value).toEqual([keyOf(7)]);
    expect((await scanPages(table).next()).value).toEqual([]);
  });
});

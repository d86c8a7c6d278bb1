import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import DataLoader from 'dataloader';
import pLimit from 'p-limit';
import type { Table } from './client.ts';
import { UnprocessedError } from './faults.ts';
import type { Key } from './keys.ts';

/** Consistent reads of many items: by key, by query, and of the whole table. */

export type Item = Record<string, unknown>;

const keysPerRequest = 100;
const requestsInFlight = 4;
const maxAttempts = 6;

/** Any number of items by key. Keys without an item are missing in the answer. 1 read unit each, up to 4 KB. */
export async function batchGet(table: Table, keys: Key[]): Promise<Item[]> {
  const limit = pLimit(requestsInFlight);
  const pages: Promise<Item[]>[] = [];
  for (let start = 0; start < keys.length; start += keysPerRequest) {
    const chunk = keys.slice(start, start + keysPerRequest);
    pages.push(limit(() => getChunk(table, chunk)));
  }
  return (await Promise.all(pages)).flat();
}

async function getChunk(table: Table, keys: Key[]): Promise<Item[]> {
  const items: Item[] = [];
  let open: Item[] = keys;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { Responses, UnprocessedKeys } = await table.doc.send(
      new BatchGetCommand({ RequestItems: { [table.name]: { Keys: open, ConsistentRead: true } } }),
    );
    items.push(...(Responses?.[table.name] ?? []));
    open = UnprocessedKeys?.[table.name]?.Keys ?? [];
    if (open.length === 0) return items;
    await sleep(Math.random() * 25 * 2 ** attempt);
  }
  throw new UnprocessedError('BatchGetItem left keys unprocessed');
}

const keyText = ({ pk, sk }: Key) => `${pk} ${sk}`;

/**
 * Reads by key that share requests between callers. A batch collects keys until the previous request is answered, so
 * batches grow under load, and every caller gets an item as it was after the call.
 */
export function createGets(table: Table) {
  let inFlight: Promise<unknown> = Promise.resolve();

  async function read(keys: readonly Key[]) {
    const wanted = new Map(keys.map((key) => [keyText(key), key]));
    const items = await batchGet(table, [...wanted.values()]);
    const found = new Map(items.map((item) => [keyText(item as Key), item]));
    return keys.map((key) => found.get(keyText(key)) ?? null);
  }

  const loader = new DataLoader<Key, Item | null>(
    (keys) => {
      const items = read(keys);
      inFlight = items.catch(() => {}); // The callers of this batch get the error.
      return items;
    },
    {
      cache: false,
      maxBatchSize: keysPerRequest,
      batchScheduleFn: (dispatch) => inFlight.then(() => setImmediate(dispatch)),
    },
  );

  /** The current item, or null. 1 read unit for each 4 KB, also if there is no item. */
  return (key: Key): Promise<Item | null> => loader.load(key);
}

/** All items of a query, page after page. 1 read unit for each 4 KB. */
export async function* queryAll(table: Table, query: QueryCommandInput): AsyncGenerator<Item> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey }: QueryCommandOutput = await table.doc.send(
      new QueryCommand({ ...query, ConsistentRead: true, ExclusiveStartKey }),
    );
    yield* Items;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** Without a limit the embedded engine reads far more rows than the 1 MB that a page holds. */
const itemsPerPage = 1_000;

/**
 * Access pattern: the whole table. The next page is read while the caller works on the current one. 1 read unit for
 * each 4 KB. The items of a partition follow each other in the order of their sort keys.
 */
export async function* scanPages(table: Table, TableName = table.name): AsyncGenerator<Item[]> {
  const request = (ExclusiveStartKey?: Item): Promise<ScanCommandOutput> => {
    const page = table.doc.send(
      new ScanCommand({ TableName, ConsistentRead: true, Limit: itemsPerPage, ExclusiveStartKey }),
    );
    page.catch(() => {}); // The loop below throws it, perhaps later.
    return page;
  };
  let next: Promise<ScanCommandOutput> | undefined = request();
  while (next) {
    const { Items = [], LastEvaluatedKey }: ScanCommandOutput = await next;
    next = LastEvaluatedKey && request(LastEvaluatedKey);
    yield Items;
  }
}

/** The number of items that the table reports: exact off AWS, up to six hours old on AWS. */
export async function countItems(table: Table): Promise<number> {
  const { Table: description } = await table.doc.send(new DescribeTableCommand({ TableName: table.name }));
  return description?.ItemCount ?? 0;
}

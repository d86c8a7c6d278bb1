import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import type { Table } from './client.ts';
import { UnprocessedError } from './faults.ts';
import type { Key } from './keys.ts';
import type { Item } from './scan.ts';

const keysPerRequest = 100;
const requestsInFlight = 4;
const maxAttempts = 6;

/** Any number of items by key, consistently; those that do not exist are missing. 1 read unit each, up to 4 KB. */
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

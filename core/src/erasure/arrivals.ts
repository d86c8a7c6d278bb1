import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import type { IsErased } from '../log/erased.ts';
import type { Table } from '../table/client.ts';
import { arrivalKey, arrivalsPk, type Key } from '../table/keys.ts';
import { queryAll } from '../table/read.ts';
import * as erasures from './erasures.ts';

/*
 * The list of conversations that an import or a restore is writing, so that people can be erased at the same time.
 *
 * 1. A conversation is listed before its first text is written. Its members are written last; until then an erasure
 *    finds the conversation by this list.
 * 2. The writer reads every few seconds who is erased (`createErased`). An erasure makes a second pass after a minute,
 *    which finds a text that was written with older knowledge.
 * 3. When the group is written, erased people and their texts are removed (`erase.settle`). Then the conversation is
 *    taken off the list.
 *
 * So no text of an erased person stays, even if the import is interrupted and never resumed.
 */

export const put = (table: Table, messageGroupUuid: string) => ({
  TableName: table.runnerName,
  Item: arrivalKey(messageGroupUuid),
});

/** Access pattern: add a conversation to the list. 1 write unit. Safe to repeat. */
export const begin = (table: Table, messageGroupUuid: string) =>
  table.doc.send(new PutCommand(put(table, messageGroupUuid)));

/** Access pattern: take a conversation off the list. 1 write unit. Safe to repeat. */
export const end = (table: Table, messageGroupUuid: string) =>
  table.doc.send(new DeleteCommand({ TableName: table.runnerName, Key: arrivalKey(messageGroupUuid) }));

/** Access pattern: the uuids of all listed conversations. 1 read unit for each 4 KB, at least 1. */
export async function list(table: Table): Promise<string[]> {
  const found: string[] = [];
  const items = queryAll(table, {
    TableName: table.runnerName,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': arrivalsPk },
  });
  for await (const item of items) found.push((item as Key).sk);
  return found;
}

/** Far less than the minute after which an erasure makes its last pass. */
const maxAgeMs = 5_000;

/** Returns a function that says who is erased, as of at most a few seconds ago. */
export function createErased(pool: Pool): () => Promise<IsErased> {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let isErased = Promise.resolve<IsErased>(() => false);
  return () => {
    if (performance.now() - readAtMs > maxAgeMs) {
      readAtMs = performance.now();
      isErased = erasures.everybody(pool);
    }
    return isErased;
  };
}

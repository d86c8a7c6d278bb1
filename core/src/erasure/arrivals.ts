import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import type { IsErased } from '../log/erased.ts';
import type { Table } from '../table/client.ts';
import { arrivalKey, arrivalsPk, type Key } from '../table/keys.ts';
import { queryAll } from '../table/read.ts';
import * as erasures from './erasures.ts';

/*
 * Conversations that an import or a restore writes, and the people who are erased meanwhile.
 *
 * 1. Before its first text, a conversation is put on a list. Its members come last: until then an erasure finds it here.
 * 2. Who writes a text has known for a few seconds at most who is erased; an erasure looks again after a minute.
 * 3. When its group is there, what is of erased people is taken out and they leave (`erase.settle`). Then it goes from
 *    the list.
 *
 * So no text of an erased person stays, wherever the work is interrupted, and whether it is taken up again or not.
 */

export const put = (table: Table, messageGroupUuid: string) => ({
  TableName: table.runnerName,
  Item: arrivalKey(messageGroupUuid),
});

/** Access pattern: begin. 1 write unit. Safe to repeat. */
export const begin = (table: Table, messageGroupUuid: string) =>
  table.doc.send(new PutCommand(put(table, messageGroupUuid)));

/** Access pattern: end. 1 write unit. Safe to repeat. */
export const end = (table: Table, messageGroupUuid: string) =>
  table.doc.send(new DeleteCommand({ TableName: table.runnerName, Key: arrivalKey(messageGroupUuid) }));

/** Access pattern: all of them. 1 read unit for each 4 KB: where nothing is under way, 1. */
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

/** Far less than the minute after which an erasure looks again. */
const maxAgeMs = 5_000;

/** Who is erased, as of a few seconds ago. */
export function createErased(pool: Pool): () => Promise<IsErased> {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let known = Promise.resolve<IsErased>(() => false);
  return () => {
    if (performance.now() - readAtMs > maxAgeMs) {
      readAtMs = performance.now();
      known = erasures.everybody(pool);
    }
    return known;
  };
}

import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { conversationPk, entriesEndSk, entryKey, type Key, maxSeq, parseKey, seqSk } from '../table/keys.ts';
import type { Change, Entry, EntryType } from './kinds/index.ts';

export type { Change, Entry, EntryType };

/** A person as an entry stores them. These names are shown only while Postgres is unreachable. */
export type Person = { uuid: string; handle: string; display_name: string };

/** Above this many members, the trailing pass writes the summaries (docs/decisions/0004, 0013). */
export const largeGroupMembers = 50;

export function entryItem({ message_group_uuid, seq, ...attributes }: Entry) {
  // `assign`, because V8 takes twenty times as long to spread the object of a rest pattern.
  return Object.assign(attributes, entryKey(message_group_uuid, seq));
}

/** The entry of an item. Throws a TypeError if it is not an entry that Parley wrote. */
export function entryFromItem(item: Record<string, unknown>): Entry {
  const { pk, sk, ...attributes } = item;
  const key = parseKey({ pk, sk } as Key);
  if (key.item !== 'entry') throw new TypeError('not the key of a log entry');
  const texts = [
    'type',
    'message_uuid',
    'message',
    'user_uuid',
    'user_handle',
    'user_display_name',
    'created_at',
  ];
  for (const name of texts) {
    if (typeof attributes[name] !== 'string') throw new TypeError(`log entry without ${name}`);
  }
  if (!Number.isSafeInteger(attributes.message_count)) throw new TypeError('log entry without message_count');
  return Object.assign(attributes, { message_group_uuid: key.messageGroupUuid, seq: key.seq }) as Entry;
}

/** Access pattern: one entry. 1 read unit for each 4 KB. */
export async function get(table: Table, messageGroupUuid: string, seq: number): Promise<Entry | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.name, Key: entryKey(messageGroupUuid, seq), ConsistentRead: true }),
  );
  return Item && entryFromItem(Item);
}

/** Access pattern: the newest entry. 1 read unit. */
export async function newest(table: Table, messageGroupUuid: string): Promise<Entry | undefined> {
  const { entries } = await range(table, messageGroupUuid, { order: 'descending', limit: 1 });
  return entries[0];
}

export type Range = {
  /** First and last sequence number, both included. */
  from?: number;
  to?: number;
  order: 'ascending' | 'descending';
  limit?: number;
};

/** Access pattern: a page of the log. 1 read unit for each 4 KB read; one request reads 1 MB at most. */
export async function range(
  table: Table,
  messageGroupUuid: string,
  { from = 1, to = maxSeq, order, limit }: Range,
) {
  if (from > to || to < 1) return { entries: [], isComplete: true };
  const { Items = [], LastEvaluatedKey } = await table.doc.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': conversationPk(messageGroupUuid),
        ':from': seqSk(Math.max(from, 1)),
        ':to': to >= maxSeq ? entriesEndSk : seqSk(to),
      },
      ConsistentRead: true,
      ScanIndexForward: order === 'ascending',
      Limit: limit,
    }),
  );
  return { entries: Items.map(entryFromItem), isComplete: LastEvaluatedKey === undefined };
}

/** Every page of a range, with one request for each. A page holds `limit` entries or 1 MB. */
export async function* pages(
  table: Table,
  messageGroupUuid: string,
  { from = 1, to = maxSeq, ...rest }: Range,
) {
  let [low, high] = [from, to];
  for (;;) {
    const { entries, isComplete } = await range(table, messageGroupUuid, { from: low, to: high, ...rest });
    yield entries;
    const last = entries.at(-1);
    if (isComplete || !last) return;
    if (rest.order === 'ascending') low = last.seq + 1;
    else high = last.seq - 1;
  }
}

import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { summaryKey } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';
import { type NewestEntries, overlay } from './newest-entries.ts';
import { type Summary, summaryFromItem } from './summary.ts';

/** Access pattern: one member's summary of one conversation. 1 read unit. */
export async function get(
  table: Table,
  newestEntries: NewestEntries,
  userUuid: string,
  messageGroupUuid: string,
) {
  const { Item } = await table.doc.send(
    new GetCommand({
      TableName: table.name,
      Key: summaryKey(userUuid, messageGroupUuid),
      ConsistentRead: true,
    }),
  );
  return Item && overlay(newestEntries, summaryFromItem(Item));
}

/** Access pattern: the summaries of several members of one conversation. 1 read unit each. */
export async function getMany(
  table: Table,
  messageGroupUuid: string,
  userUuids: string[],
): Promise<Summary[]> {
  return getEach(
    table,
    userUuids.map((userUuid) => ({ userUuid, messageGroupUuid })),
  );
}

/** Access pattern: summaries of several members of several conversations. 1 read unit each. */
export async function getEach(
  table: Table,
  wanted: { userUuid: string; messageGroupUuid: string }[],
): Promise<Summary[]> {
  const items = await batchGet(
    table,
    wanted.map(({ userUuid, messageGroupUuid }) => summaryKey(userUuid, messageGroupUuid)),
  );
  return items.map(summaryFromItem);
}

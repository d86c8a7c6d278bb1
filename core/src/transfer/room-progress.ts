import { GetCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { importKey, importsPk } from '../table/keys.ts';
import { queryAll } from '../table/read.ts';

/** The progress of a room: its log holds the messages up to this line. `isFinished`: its group and summaries exist. */
export type RoomProgress = { line: number; isFinished: boolean };

const progressFromItem = (item: Record<string, unknown>): RoomProgress & { title: string } => ({
  title: item.title as string,
  line: item.line as number,
  isFinished: item.is_finished as boolean,
});

/**
 * Access pattern: the progress of all rooms of an import, by conversation. 1 read unit for each 4 KB (about 20 rooms).
 */
export async function list(
  table: Table,
  source: string,
): Promise<Map<string, RoomProgress & { title: string }>> {
  const found = new Map<string, RoomProgress & { title: string }>();
  const items = queryAll(table, {
    TableName: table.runnerName,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': importsPk(source) },
  });
  for await (const item of items) found.set(item.sk as string, progressFromItem(item));
  return found;
}

/** Access pattern: the progress of one room. 1 read unit. */
export async function get(
  table: Table,
  source: string,
  messageGroupUuid: string,
): Promise<RoomProgress | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({
      TableName: table.runnerName,
      Key: importKey(source, messageGroupUuid),
      ConsistentRead: true,
    }),
  );
  return Item && progressFromItem(Item);
}

export type Move = {
  source: string;
  messageGroupUuid: string;
  title: string;
  to: RoomProgress;
  /** The line that the stored progress must have; undefined if nothing may be stored yet. */
  fromLine: number | undefined;
};

/** The write that moves a room's progress, on condition that no other import has moved it. */
export const put = (
  table: Table,
  { source, messageGroupUuid, title, to, fromLine }: Move,
): PutCommandInput => ({
  TableName: table.runnerName,
  Item: {
    ...importKey(source, messageGroupUuid),
    title,
    line: to.line,
    is_finished: to.isFinished,
    updated_at: new Date(table.clock.now()).toISOString(),
  },
  ...(fromLine === undefined
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#line = :line',
        ExpressionAttributeNames: { '#line': 'line' },
        ExpressionAttributeValues: { ':line': fromLine },
      }),
});

import { GetCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { importKey, importsPk } from '../table/keys.ts';
import { queryAll } from '../table/read.ts';

/** How far a room has come: everything up to this line of the file is in its log; `isFinished`: and in its summaries. */
export type Position = { line: number; isFinished: boolean };

const positionFromItem = (item: Record<string, unknown>): Position & { title: string } => ({
  title: item.title as string,
  line: item.line as number,
  isFinished: item.is_finished as boolean,
});

/** Access pattern: the positions of an import, by conversation. 1 read unit for each 4 KB (about 20 rooms). */
export async function list(table: Table, source: string): Promise<Map<string, Position & { title: string }>> {
  const positions = new Map<string, Position & { title: string }>();
  const items = queryAll(table, {
    TableName: table.runnerName,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': importsPk(source) },
  });
  for await (const item of items) positions.set(item.sk as string, positionFromItem(item));
  return positions;
}

/** Access pattern: the position of one room. 1 read unit. */
export async function get(
  table: Table,
  source: string,
  messageGroupUuid: string,
): Promise<Position | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({
      TableName: table.runnerName,
      Key: importKey(source, messageGroupUuid),
      ConsistentRead: true,
    }),
  );
  return Item && positionFromItem(Item);
}

export type Move = {
  source: string;
  messageGroupUuid: string;
  title: string;
  to: Position;
  /** Where the room must stand for it; undefined: nowhere yet. */
  fromLine: number | undefined;
};

/** The write that moves a position, on condition that nobody else has. */
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

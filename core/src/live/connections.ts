import { DeleteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { ttlAttribute } from '../table/definition.ts';
import { connectionKey, type Key, nodeIdOf, placeKey, placesPk } from '../table/keys.ts';
import type { Node } from './nodes.ts';

/** The TTL of an item. Items that are needed for longer are written again after `renewAfterMs`. */
const ttlSeconds = 24 * 60 * 60;
export const renewAfterMs = 12 * 60 * 60_000;

export type Connection = { connectionId: string; userUuid: string; nodeId: string };

/** Records an authenticated socket. 1 write unit. */
export async function open(table: Table, { connectionId, userUuid, nodeId }: Connection) {
  const { now, ttl } = times(table);
  const attributes = { user_uuid: userUuid, node: nodeId, connected_at: now, [ttlAttribute]: ttl };
  await put(table, { ...connectionKey(connectionId), ...attributes });
}

/** Removes a closed socket. Safe to repeat. 1 write unit. */
export async function close(table: Table, connectionId: string) {
  await table.doc.send(new DeleteCommand({ TableName: table.name, Key: connectionKey(connectionId) }));
}

/** Records a person's first socket on a node. From now on deliveries are sent there. Safe to repeat. 1 write unit. */
export async function arrive(table: Table, userUuid: string, { nodeId, endpoint }: Node) {
  const { now, ttl } = times(table);
  await put(table, { ...placeKey(userUuid, nodeId), endpoint, since: now, [ttlAttribute]: ttl });
}

/** Records that a person's last socket on a node is closed. Safe to repeat. 1 write unit. */
export async function depart(table: Table, userUuid: string, nodeId: string) {
  await table.doc.send(new DeleteCommand({ TableName: table.name, Key: placeKey(userUuid, nodeId) }));
}

/** A place of a person: a node on which the person has sockets. The node may be dead by now (`nodes.list`). */
export type Place = Node & { since: string };

/** Access pattern: the nodes a person has sockets on. 1 read unit. */
export async function places(table: Table, userUuid: string): Promise<Place[]> {
  const { Items = [] } = await table.doc.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': placesPk(userUuid) },
      ConsistentRead: true,
    }),
  );
  const nowSeconds = table.clock.now() / 1_000;
  return Items.filter((item) => (item[ttlAttribute] as number) > nowSeconds).map((item) => ({
    nodeId: nodeIdOf(item as Key),
    endpoint: item.endpoint as string,
    since: item.since as string,
  }));
}

const put = (table: Table, Item: Record<string, unknown>) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item }));

function times(table: Table) {
  const nowMs = table.clock.now();
  return { now: new Date(nowMs).toISOString(), ttl: Math.floor(nowMs / 1_000) + ttlSeconds };
}

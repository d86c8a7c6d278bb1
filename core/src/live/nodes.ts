import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { ttlAttribute } from '../table/definition.ts';
import { type Key, listedNodeKey, nodeIdOf, nodeKey, nodesPk } from '../table/keys.ts';

/** A process that holds sockets, and the endpoint for its deliveries. */
export type Node = { nodeId: string; endpoint: string };

/** Up to this many nodes, every node receives every delivery. Beyond it, deliveries are routed by member. */
export const broadcastMax = 8;

export const heartbeatMs = 10_000;
/** After three missed heartbeats a node counts as dead. */
export const deadAfterMs = 30_000;
const ttlSeconds = 24 * 60 * 60;

export const isAlive = (table: Table, seenAt: string) => table.clock.now() - Date.parse(seenAt) < deadAfterMs;

/**
 * Records that a node is alive. Returns the time of its last missed delivery, if any. If that time has changed since
 * the previous heartbeat, the node has missed a delivery. Safe to repeat. 2 write units.
 */
export async function heartbeat(table: Table, { nodeId, endpoint }: Node): Promise<string | undefined> {
  const nowMs = table.clock.now();
  const seenAt = new Date(nowMs).toISOString();
  const ttl = Math.floor(nowMs / 1_000) + ttlSeconds;
  const [{ Attributes }] = await Promise.all([
    table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: nodeKey(nodeId),
        UpdateExpression: 'SET endpoint = :endpoint, seen_at = :seen_at, #ttl = :ttl',
        ExpressionAttributeNames: { '#ttl': ttlAttribute },
        ExpressionAttributeValues: { ':endpoint': endpoint, ':seen_at': seenAt, ':ttl': ttl },
        ReturnValues: 'ALL_NEW',
      }),
    ),
    table.doc.send(
      new PutCommand({
        TableName: table.name,
        Item: { ...listedNodeKey(nodeId), endpoint, seen_at: seenAt, [ttlAttribute]: ttl },
      }),
    ),
  ]);
  return Attributes?.missed_at as string | undefined;
}

/**
 * Proves that the table accepts conditional writes, by a write to the node's own item. Rejects if it does not. Safe to
 * repeat. 1 write unit.
 */
export async function probe(table: Table, nodeId: string) {
  const nowMs = table.clock.now();
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: nodeKey(nodeId),
      UpdateExpression: 'SET probed_at = :now, #ttl = :ttl',
      ConditionExpression: 'attribute_not_exists(probed_at) OR probed_at <> :now',
      ExpressionAttributeNames: { '#ttl': ttlAttribute },
      ExpressionAttributeValues: {
        ':now': new Date(nowMs).toISOString(),
        ':ttl': Math.floor(nowMs / 1_000) + ttlSeconds,
      },
    }),
  );
}

/** Records that a node missed a delivery. Does not recreate a node that has left. Safe to repeat. 1 write unit. */
export async function recordMissed(table: Table, nodeId: string) {
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: nodeKey(nodeId),
        UpdateExpression: 'SET missed_at = :now',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':now': new Date(table.clock.now()).toISOString() },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/** Removes a node that stops. Safe to repeat. 2 write units. */
export async function leave(table: Table, nodeId: string) {
  const remove = (Key: Key) => ({ DeleteRequest: { Key } });
  const requests = [remove(nodeKey(nodeId)), remove(listedNodeKey(nodeId))];
  await table.doc.send(new BatchWriteCommand({ RequestItems: { [table.name]: requests } }));
}

/** Access pattern: the live nodes. 1 read unit for each 4 KB (about 30 nodes). */
export async function list(table: Table): Promise<Node[]> {
  const { Items = [] } = await table.doc.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': nodesPk },
      ConsistentRead: true,
    }),
  );
  return Items.filter((item) => isAlive(table, item.seen_at as string)).map((item) => ({
    nodeId: nodeIdOf(item as Key),
    endpoint: item.endpoint as string,
  }));
}

const maxListAgeMs = 1_000;

export type Directory = ReturnType<typeof createDirectory>;

/** The live nodes, at most a second old. */
export function createDirectory(table: Table) {
  let known: { nodes: Promise<Node[]>; atMs: number } | undefined;
  return {
    async list(): Promise<Node[]> {
      if (!known || performance.now() - known.atMs > maxListAgeMs) {
        const nodes = list(table);
        known = { nodes, atMs: performance.now() };
        nodes.catch(() => {
          known = undefined;
        });
      }
      return known.nodes;
    },
  };
}

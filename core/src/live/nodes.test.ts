import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import { nodeKey } from '../table/keys.ts';
import type { Node } from './nodes.ts';
import * as nodes from './nodes.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeEach(async () => {
  table = await createTestTable();
});
afterEach(() => table.drop());

const nodeOf = (): Node => ({ nodeId: randomUUID(), endpoint: 'http://10.0.0.1:4000' });
const now = Date.parse('2026-01-01T00:00:00Z');
/** The table at another time. */
const at = (nowMs: number) => ({ ...table, clock: { ...table.clock, now: () => nowMs } });

async function itemOf({ nodeId }: Node) {
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.name, Key: nodeKey(nodeId), ConsistentRead: true }),
  );
  return Item;
}

describe('a heartbeat', () => {
  test('lists the node once, with its newest endpoint', async () => {
    const node = nodeOf();
    await nodes.heartbeat(table, { ...node, endpoint: 'http://10.0.0.9:4000' });
    expect(await nodes.heartbeat(table, node)).toBeUndefined();
    expect(await nodes.list(table)).toEqual([node]);
  });

  test('keeps the node alive for less than 30 s', async () => {
    const node = nodeOf();
    await nodes.heartbeat(at(now), node);
    expect(await nodes.list(at(now + 29_999))).toEqual([node]);
    expect(await nodes.list(at(now + 30_000))).toEqual([]);
    await nodes.heartbeat(at(now + 60_000), node);
    expect(await nodes.list(at(now + 60_000))).toEqual([node]);
  });

  test('returns the time of the last missed delivery', async () => {
    const node = nodeOf();
    await nodes.heartbeat(table, node);
    await nodes.recordMissed(at(now), node.nodeId);
    const missedAt = new Date(now).toISOString();
    expect(await nodes.heartbeat(table, node)).toBe(missedAt);
    expect(await nodes.heartbeat(table, node)).toBe(missedAt);
    await nodes.recordMissed(at(now + 1), node.nodeId);
    expect(await nodes.heartbeat(table, node)).toBe(new Date(now + 1).toISOString());
  });

  test('expires its item a day after it', async () => {
    const node = nodeOf();
    await nodes.heartbeat(at(now), node);
    expect((await itemOf(node))?.ttl).toBe(now / 1_000 + 24 * 60 * 60);
  });
});

describe('a node that leaves', () => {
  test('is not listed any more, and a missed delivery does not bring it back', async () => {
    const [node, other] = [nodeOf(), nodeOf()];
    for (const each of [node, other]) await nodes.heartbeat(table, each);
    for (let run = 0; run < 2; run += 1) await nodes.leave(table, node.nodeId);
    await nodes.recordMissed(table, node.nodeId);
    expect(await itemOf(node)).toBeUndefined();
    expect(await nodes.list(table)).toEqual([other]);
  });

  test('rejects if the table fails', async () => {
    const failing = withSend(table, async () => {
      throw new Error('away');
    });
    await expect(nodes.recordMissed(failing, nodeOf().nodeId)).rejects.toThrow('away');
  });
});

test('a second probe in the same millisecond is refused by its condition, and a probe does not change the heartbeat', async () => {
  const node = nodeOf();
  await nodes.heartbeat(table, node);
  await nodes.probe(at(now), node.nodeId);
  await expect(nodes.probe(at(now), node.nodeId)).rejects.toThrow(ConditionalCheckFailedException);
  await nodes.probe(at(now + 1), node.nodeId);
  expect(await nodes.heartbeat(table, node)).toBeUndefined();
  expect(await nodes.list(table)).toEqual([node]);
});

describe('a directory', () => {
  test('reads the list at most once a second', async () => {
    let reads = 0;
    const counted = withSend(table, (command, send) => {
      if (command instanceof QueryCommand) reads += 1;
      return send(command);
    });
    const directory = nodes.createDirectory(counted);
    expect(await Promise.all([directory.list(), directory.list()])).toEqual([[], []]);
    const node = nodeOf();
    await nodes.heartbeat(table, node);
    await directory.list();
    expect(reads).toBe(1);
    await sleep(1_050);
    expect(await directory.list()).toEqual([node]);
    expect(reads).toBe(2);
  });

  test('reads again at once after a failure', async () => {
    let isAway = true;
    const failing = withSend(table, async (command, send) => {
      if (isAway) throw new Error('away');
      return send(command);
    });
    const directory = nodes.createDirectory(failing);
    await expect(directory.list()).rejects.toThrow('away');
    isAway = false;
    expect(await directory.list()).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as connections from '@parley/core/live/connections';
import { createClock } from '@parley/core/table/clock';
import { connectionKey, placeKey } from '@parley/core/table/keys';
import { createTestTable } from '@parley/engines/testing/test-table';
import { createLogger } from '../observe/logger.ts';
import type { Connection } from './connection.ts';
import { createSockets } from './sockets.ts';

let stored: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  stored = await createTestTable();
});
afterAll(() => stored.drop());

const hoursMs = 60 * 60_000;

it("renews a socket's items in the table before they expire", async () => {
  let laterMs = 0;
  const clock = createClock(
    () => Date.now() + laterMs,
    () => performance.now() + laterMs,
  );
  const table = { ...stored, clock };
  const node = { nodeId: randomUUID(), endpoint: 'http://127.0.0.1:9' };
  const sockets = createSockets({ table, node, perPerson: 2, logger: createLogger('silent') });
  const [userUuid, connection] = [randomUUID(), { id: randomUUID() } as Connection];
  await sockets.add(connection, userUuid);
  const ttls = async () => {
    const keys = [connectionKey(connection.id), placeKey(userUuid, node.nodeId)];
    const answers = keys.map((Key) =>
      stored.doc.send(new GetCommand({ TableName: stored.name, Key, ConsistentRead: true })),
    );
    return (await Promise.all(answers)).map(({ Item }) => Item?.ttl as number);
  };
  const first = await ttls();
  laterMs = 11 * hoursMs;
  await sockets.renew();
  expect(await ttls()).toEqual(first);
  laterMs = 13 * hoursMs;
  await sockets.renew();
  for (const [index, ttl] of (await ttls()).entries())
    expect(ttl - (first[index] ?? 0)).toBeGreaterThanOrEqual(13 * 60 * 60 - 1);
  // A day after the first socket, and half a day after the second write.
  laterMs = 24.5 * hoursMs;
  expect(await connections.places(table, userUuid)).toHaveLength(1);
  await sockets.remove(connection, userUuid);
  expect(await ttls()).toEqual([undefined, undefined]);
});

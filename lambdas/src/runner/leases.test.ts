import { setTimeout as sleep } from 'node:timers/promises';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeTable, createTable } from '@parley/core/table/client';
import { checkpointKey } from '@parley/core/table/keys';
import { type Fate, startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { holdLease } from './held-lease.ts';
import type { Lease, Place } from './leases.ts';
import * as leases from './leases.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const logger = pino({ level: 'silent' });
const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000';
let shards = 0;
function newPlace(): Place {
  shards += 1;
  return { source: 'summaries', streamArn, shardId: `shardId-${shards}` };
}

async function taken(place: Place, seen?: Lease, owner = 'me', leaseMs = 60_000): Promise<Lease> {
  const lease = await leases.take(table, place, seen, { owner, leaseMs });
  if (!lease) throw new Error('not taken');
  return lease;
}

async function stored(place: Place): Promise<Lease> {
  const lease = (await leases.list(table, place.source, streamArn)).find(
    ({ shardId }) => shardId === place.shardId,
  );
  if (!lease) throw new Error('no lease');
  return lease;
}

test('of those who take a lease as they saw it, one gets it, and the token rises', async () => {
  const place = newPlace();
  const owners = ['a', 'b', 'c', 'd'];
  const results = await Promise.all(
    owners.map((owner) => leases.take(table, place, undefined, { owner, leaseMs: 1_000 })),
  );
  expect(results.filter(Boolean)).toHaveLength(1);
  const first = await stored(place);
  expect(first).toMatchObject({ token: 1, counter: 0, leaseMs: 1_000 });
  const second = await taken(place, first, 'next');
  expect(second).toMatchObject({ token: 2, owner: 'next' });
  expect(await leases.take(table, place, first, { owner: 'late', leaseMs: 1_000 })).toBeUndefined();
});

test('a lease that was renewed since it was seen is not taken', async () => {
  const place = newPlace();
  const lease = await taken(place);
  expect(await leases.write(table, lease, { counter: 1 })).toBe(true);
  expect(await leases.take(table, place, lease, { owner: 'other', leaseMs: 1_000 })).toBeUndefined();
});

test('whoever lost a lease moves no checkpoint any more, and a write that arrives late moves none back', async () => {
  const place = newPlace();
  const old = await taken(place);
  const at = (sequenceNumber: string) => ({ sequenceNumber, isFinished: false });
  expect(await leases.write(table, old, { counter: 2, position: at('20') })).toBe(true);
  expect(await leases.write(table, old, { counter: 1, position: at('10') })).toBe(false);
  expect(await leases.write(table, old, { counter: 2, position: at('20') })).toBe(true);
  const current = await taken(place, await stored(place), 'other');
  expect(current.checkpoint?.sequenceNumber).toBe('20');
  expect(await leases.write(table, current, { counter: 1, position: at('30') })).toBe(true);
  expect(await leases.write(table, old, { counter: 99, position: at('25') })).toBe(false);
  expect(await leases.write(table, old, { counter: 100, isLast: true })).toBe(false);
  expect(await stored(place)).toMatchObject({ owner: 'other', checkpoint: { sequenceNumber: '30' } });
});

test('a position without a number is one before every record, and a finished shard says so', async () => {
  const place = newPlace();
  const lease = await taken(place);
  expect(lease.checkpoint).toBeUndefined();
  await leases.write(table, lease, { counter: 1, position: { isFinished: false } });
  expect((await stored(place)).checkpoint).toMatchObject({ sequenceNumber: undefined, isFinished: false });
  await leases.write(table, lease, {
    counter: 2,
    position: { sequenceNumber: '7', isFinished: true },
    isLast: true,
  });
  expect(await stored(place)).toMatchObject({
    owner: undefined,
    checkpoint: { sequenceNumber: '7', isFinished: true },
  });
});

test('a checkpoint from before there were leases is read on from', async () => {
  const place = newPlace();
  await table.doc.send(
    new PutCommand({
      TableName: table.runnerName,
      Item: {
        ...checkpointKey(place.source, streamArn, place.shardId),
        sequence_number: '41',
        is_finished: false,
        updated_at: new Date().toISOString(),
      },
    }),
  );
  const lease = await taken(place, await stored(place));
  expect(lease).toMatchObject({ token: 1, checkpoint: { sequenceNumber: '41', isFinished: false } });
});

async function throughProxy(decide: (operation: string) => Fate) {
  const proxy = await startFaultProxy(testEndpoint(), decide);
  const { name, runnerName } = table;
  const behind = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
  const close = async () => {
    closeTable(behind);
    await proxy.close();
  };
  return { behind, close };
}

test('a take whose answer was lost finds that the lease is its own', async () => {
  let cuts = 1;
  const { behind, close } = await throughProxy((operation) =>
    operation === 'UpdateItem' && cuts-- > 0 ? 'cut' : 'pass',
  );
  const place = newPlace();
  expect(await leases.take(behind, place, undefined, { owner: 'me', leaseMs: 1_000 })).toMatchObject({
    owner: 'me',
    token: 1,
  });
  await close();
});

test('a held lease renews itself, writes the newest position, and is given up at once', async () => {
  const place = newPlace();
  const held = holdLease(table, await taken(place, undefined, 'me', 300), {
    takenAtMs: performance.now(),
    logger,
    onLost: () => {},
  });
  for (let position = 1; position <= 50; position += 1)
    held.save({ sequenceNumber: String(position), isFinished: false });
  await sleep(700);
  expect(held.isHeld()).toBe(true);
  const { counter, checkpoint } = await stored(place);
  expect(checkpoint?.sequenceNumber).toBe('50');
  // The first position, the last, and renewals: not one write for each.
  expect(counter).toBeLessThan(20);
  held.save({ sequenceNumber: '51', isFinished: false });
  await held.release();
  expect(await stored(place)).toMatchObject({ owner: undefined, checkpoint: { sequenceNumber: '51' } });
});

test('a holder is told that its lease was taken, and is not sure of it while the table does not answer', async () => {
  let isAway = false;
  const { behind, close } = await throughProxy(() => (isAway ? 'fail' : 'pass'));
  const place = newPlace();
  let lost = 0;
  const lease = await taken(place, undefined, 'me', 300);
  const held = holdLease(behind, lease, {
    takenAtMs: performance.now(),
    logger,
    onLost: () => {
      lost += 1;
    },
  });
  isAway = true;
  await sleep(400);
  expect(await held.confirm()).toBe(false);
  expect([held.isLost(), lost]).toEqual([false, 0]);
  const other = await taken(place, await stored(place), 'other');
  isAway = false;
  held.save({ sequenceNumber: '1', isFinished: false });
  expect(await held.confirm()).toBe(false);
  expect([held.isLost(), lost]).toEqual([true, 1]);
  await held.release();
  expect(await stored(place)).toMatchObject({ owner: 'other', token: other.token, checkpoint: undefined });
  await close();
});

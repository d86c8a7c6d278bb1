import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { checkpointKey } from '@parley/core/table/keys';
import { createTestTable } from '@parley/engines/testing/test-table';
import { createTestLeases } from '../testing/leases.ts';
import * as leases from './leases.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const { newLeaseKey, acquired, stored, throughProxy } = createTestLeases(() => table);

test('of several runners that acquire a lease at once, one succeeds, and the token rises', async () => {
  const key = newLeaseKey();
  const owners = ['a', 'b', 'c', 'd'];
  const results = await Promise.all(
    owners.map((owner) => leases.acquire(table, key, undefined, { owner, leaseMs: 1_000 })),
  );
  expect(results.filter(Boolean)).toHaveLength(1);
  const first = await stored(key);
  expect(first).toMatchObject({ token: 1, counter: 0, leaseMs: 1_000 });
  const second = await acquired(key, first, 'next');
  expect(second).toMatchObject({ token: 2, owner: 'next' });
  expect(await leases.acquire(table, key, first, { owner: 'late', leaseMs: 1_000 })).toBeUndefined();
});

test('a lease that was renewed since it was seen cannot be acquired', async () => {
  const key = newLeaseKey();
  const lease = await acquired(key);
  expect(await leases.write(table, lease, { counter: 1 })).toBe(true);
  expect(await leases.acquire(table, key, lease, { owner: 'other', leaseMs: 1_000 })).toBeUndefined();
});

test('a runner that lost its lease cannot move the checkpoint, and a late write does not move it back', async () => {
  const key = newLeaseKey();
  const old = await acquired(key);
  const at = (sequenceNumber: string) => ({ sequenceNumber, isFinished: false });
  expect(await leases.write(table, old, { counter: 2, checkpoint: at('20') })).toBe(true);
  expect(await leases.write(table, old, { counter: 1, checkpoint: at('10') })).toBe(false);
  expect(await leases.write(table, old, { counter: 2, checkpoint: at('20') })).toBe(true);
  const current = await acquired(key, await stored(key), 'other');
  expect(current.checkpoint?.sequenceNumber).toBe('20');
  expect(await leases.write(table, current, { counter: 1, checkpoint: at('30') })).toBe(true);
  expect(await leases.write(table, old, { counter: 99, checkpoint: at('25') })).toBe(false);
  expect(await leases.write(table, old, { counter: 100, isLast: true })).toBe(false);
  expect(await stored(key)).toMatchObject({ owner: 'other', checkpoint: { sequenceNumber: '30' } });
});

test('a checkpoint without a number is before every record, and a finished shard is stored as finished', async () => {
  const key = newLeaseKey();
  const lease = await acquired(key);
  expect(lease.checkpoint).toBeUndefined();
  await leases.write(table, lease, { counter: 1, checkpoint: { isFinished: false } });
  expect((await stored(key)).checkpoint).toMatchObject({ sequenceNumber: undefined, isFinished: false });
  await leases.write(table, lease, {
    counter: 2,
    checkpoint: { sequenceNumber: '7', isFinished: true },
    isLast: true,
  });
  expect(await stored(key)).toMatchObject({
    owner: undefined,
    checkpoint: { sequenceNumber: '7', isFinished: true },
  });
});

test('a checkpoint of a version without leases is continued', async () => {
  const key = newLeaseKey();
  await table.doc.send(
    new PutCommand({
      TableName: table.runnerName,
      Item: {
        ...checkpointKey(key.source, key.streamArn, key.shardId),
        sequence_number: '41',
        is_finished: false,
        updated_at: new Date().toISOString(),
      },
    }),
  );
  const lease = await acquired(key, await stored(key));
  expect(lease).toMatchObject({ token: 1, checkpoint: { sequenceNumber: '41', isFinished: false } });
});

test('an acquire whose answer was lost recognizes its own lease', async () => {
  let cuts = 1;
  const { behind, close } = await throughProxy((operation) =>
    operation === 'UpdateItem' && cuts-- > 0 ? 'cut' : 'pass',
  );
  const key = newLeaseKey();
  expect(await leases.acquire(behind, key, undefined, { owner: 'me', leaseMs: 1_000 })).toMatchObject({
    owner: 'me',
    token: 1,
  });
  await close();
});

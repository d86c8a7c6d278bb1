import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { createTestLeases } from '../testing/leases.ts';
import { holdLease } from './held-lease.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const logger = pino({ level: 'silent' });
const { newLeaseKey, acquired, stored, throughProxy } = createTestLeases(() => table);

test('a held lease is renewed, writes the newest checkpoint, and is released at once', async () => {
  const key = newLeaseKey();
  const held = holdLease(table, await acquired(key, undefined, 'me', 300), {
    acquiredAtMs: performance.now(),
    logger,
    onLost: () => {},
  });
  for (let position = 1; position <= 50; position += 1)
    held.save({ sequenceNumber: String(position), isFinished: false });
  await sleep(700);
  expect(held.isHeld()).toBe(true);
  const { counter, checkpoint } = await stored(key);
  expect(checkpoint?.sequenceNumber).toBe('50');
  // The first checkpoint, the last, and renewals: not one write for each checkpoint.
  expect(counter).toBeLessThan(20);
  held.save({ sequenceNumber: '51', isFinished: false });
  await held.release();
  expect(await stored(key)).toMatchObject({ owner: undefined, checkpoint: { sequenceNumber: '51' } });
});

test('a holder learns that another runner has its lease, and does not confirm it while the table is unreachable', async () => {
  let isAway = false;
  const { behind, close } = await throughProxy(() => (isAway ? 'fail' : 'pass'));
  const key = newLeaseKey();
  let lost = 0;
  const lease = await acquired(key, undefined, 'me', 300);
  const held = holdLease(behind, lease, {
    acquiredAtMs: performance.now(),
    logger,
    onLost: () => {
      lost += 1;
    },
  });
  isAway = true;
  await sleep(400);
  expect(await held.confirm()).toBe(false);
  expect([held.isLost(), lost]).toEqual([false, 0]);
  const other = await acquired(key, await stored(key), 'other');
  isAway = false;
  held.save({ sequenceNumber: '1', isFinished: false });
  expect(await held.confirm()).toBe(false);
  expect([held.isLost(), lost]).toEqual([true, 1]);
  await held.release();
  expect(await stored(key)).toMatchObject({ owner: 'other', token: other.token, checkpoint: undefined });
  await close();
});

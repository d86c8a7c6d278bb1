import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Fate, startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import * as members from '../log/members.ts';
import { closeTable, createTable, type Table } from './client.ts';
import { isTransientFault } from './faults.ts';

let whole: Awaited<ReturnType<typeof createTestTable>>;
let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
let table: Table;
let fate: Fate = 'pass';
beforeAll(async () => {
  whole = await createTestTable();
  proxy = await startFaultProxy(testEndpoint(), () => fate);
  const { name, runnerName } = whole;
  table = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
});
afterAll(async () => {
  closeTable(table);
  await proxy.close();
  await whole.drop();
});

test.each(['drop', 'cut', 'garble', 'throttle', 'fail'] as const)(
  'a read whose answer is lost to a "%s" is a transient fault',
  async (each) => {
    fate = each;
    const error = await members.get(table, randomUUID(), randomUUID()).catch((reason) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(isTransientFault(error)).toBe(true);
  },
);

test('a request that the table refuses for its content is not a transient fault', async () => {
  fate = 'pass';
  const error = await members
    .get({ ...table, name: 'no' }, randomUUID(), randomUUID())
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(isTransientFault(error)).toBe(false);
});

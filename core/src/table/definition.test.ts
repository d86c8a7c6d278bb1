import { CreateTableCommand, DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { ensureTable, runnerTable } from './definition.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

test('a table whose creator stopped before it enabled the TTL is completed by the next process', async () => {
  const definition = runnerTable(`${table.runnerName}-halfway`);
  await table.doc.send(new CreateTableCommand(definition));
  for (const _ of [1, 2]) await ensureTable(table.doc, definition);
  const { TimeToLiveDescription } = await table.doc.send(
    new DescribeTimeToLiveCommand({ TableName: definition.TableName }),
  );
  expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'ttl', TimeToLiveStatus: 'ENABLED' });
});

import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';

/** A new message table and runner table on the test engine. */
export async function createTestTable() {
  const name = `test-${randomUUID()}`;
  const runnerName = `${name}-runner`;
  const table = createTable({ region: 'us-east-1', endpoint: testEndpoint(), name, runnerName });
  await Promise.all([
    ensureTable(table.doc, messageTable(name)),
    ensureTable(table.doc, runnerTable(runnerName)),
  ]);
  const drop = async () => {
    for (const TableName of [name, runnerName]) await table.doc.send(new DeleteTableCommand({ TableName }));
    closeTable(table);
  };
  return { ...table, drop };
}

/** Changes one attribute of an item directly in the table. */
export const setAttribute = (table: Table, Key: Record<string, unknown>, name: string, value: unknown) =>
  table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key,
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  );

export function testEndpoint() {
  const endpoint = process.env.TEST_DYNAMODB_ENDPOINT;
  if (!endpoint)
    throw new Error(
      'TEST_DYNAMODB_ENDPOINT is not set. Run the tests with bin/test, which starts the engines.',
    );
  return endpoint;
}

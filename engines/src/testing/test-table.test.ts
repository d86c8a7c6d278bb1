import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { createTestTable } from './test-table.ts';

describe('a test table', () => {
  it('stores an item and can be dropped', async () => {
    const table = await createTestTable();
    await table.doc.send(new PutCommand({ TableName: table.name, Item: { pk: 'a', sk: 'b' } }));
    await table.drop();
    expect(table.runnerName).toBe(`${table.name}-runner`);
  });
});

import { randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { batchGet } from './read.ts';
import { execute } from './statements.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const update = ({ pk, sk }: { pk: string; sk: string }, to: number) => ({
  Statement: `UPDATE "${table.name}" SET "at"=? WHERE pk=? AND sk=? AND "at" < ?`,
  Parameters: [to, pk, sk, to],
});

async function items(count: number) {
  const pk = randomUUID();
  const keys = Array.from({ length: count }, (_, index) => ({ pk, sk: String(index).padStart(3, '0') }));
  await Promise.all(
    keys.map((key) => table.doc.send(new PutCommand({ TableName: table.name, Item: { ...key, at: 5 } }))),
  );
  const values = async () => {
    const found = await batchGet(table, keys);
    return keys.map(({ sk }) => found.find((item) => item.sk === sk)?.at);
  };
  return { keys, values };
}

describe.each(['statements', 'transactions'] as const)('conditional statements executed as %s', (kind) => {
  test('are written, in any number', async () => {
    const { keys, values } = await items(60);
    const outcomes = await execute(
      table,
      kind,
      keys.map((key) => update(key, 6)),
    );
    expect(outcomes).toEqual(keys.map(() => 'written'));
    expect(await values()).toEqual(keys.map(() => 6));
  });

  test('are refused one by one: the others are written, and a missing item is not created', async () => {
    const { keys, values } = await items(30);
    const absent = { pk: randomUUID(), sk: 'x' };
    const statements = keys.map((key, index) => update(key, index % 3 === 0 ? 4 : 7));
    const outcomes = await execute(table, kind, [...statements, update(absent, 9)]);
    const codes = outcomes.map((outcome) => (outcome === 'written' ? outcome : outcome.Code));
    const refused = 'ConditionalCheckFailed';
    expect(codes).toEqual([...keys.map((_, index) => (index % 3 === 0 ? refused : 'written')), refused]);
    expect(await values()).toEqual(keys.map((_, index) => (index % 3 === 0 ? 5 : 7)));
    expect(await batchGet(table, [absent])).toEqual([]);
  });
});

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import * as messages from '../conversations/messages.ts';
import * as entries from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import { observeRequests, type TableRequest } from './requests.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let seen: TableRequest[] = [];
beforeAll(async () => {
  table = await createTestTable();
  observeRequests(table, (request) => seen.push(request));
});
beforeEach(() => {
  seen = [];
});
afterAll(() => table.drop());

const one = { uuid: '11111111-1111-4111-8111-111111111111', handle: 'one', display_name: 'One' };
const other = { uuid: '22222222-2222-4222-8222-222222222222', handle: 'other', display_name: 'Other' };

/** DynamoDB Local 1.25 counts 0 units for a statement, 4 for a transaction that takes 2, and 0 for an empty query. */
const countsLikeDynamodb = !process.env.TEST_DYNAMODB_LOCAL_JAR;

test.each(['statements', 'transactions'] as const)(
  'an append by %s reports its units, and a late one its refusal',
  async (batch) => {
    const log = createLog(table, { batch });
    const { message_group_uuid: uuid } = await messages.sendDirect(log, {
      sender: one,
      recipient: other,
      message: 'a',
    });
    await messages.send(log, { sender: one, messageGroupUuid: uuid, message: 'known to this node' });
    const appends = () => seen.filter(({ operation }) => operation === 'Append');
    const units = batch === 'statements' ? 1 : 2;
    expect(appends().at(-1)).toMatchObject({
      items: 1,
      refused: 0,
      units: countsLikeDynamodb ? units : expect.any(Number),
    });
    // A node that does not know the entries that another one wrote.
    await messages.send(createLog(table, { batch }), {
      sender: other,
      messageGroupUuid: uuid,
      message: 'elsewhere',
    });
    seen = [];
    await messages.send(log, { sender: one, messageGroupUuid: uuid, message: 'late' });
    expect(appends().map(({ refused }) => refused)).toEqual([1, 0]);
  },
);

test('reads report their units, and a failed request is reported too', async () => {
  const range = { order: 'ascending', limit: 5 } as const;
  await entries.range(table, '5ae290ed-55d1-47a0-bc6d-fe2bc2700399', range);
  expect(seen).toMatchObject([{ operation: 'Query', items: 1, refused: 0, units: expect.any(Number) }]);
  if (countsLikeDynamodb) expect(seen[0]?.units).toBeGreaterThan(0);
  const missing = { ...table, name: 'test-no-such-table' };
  await expect(entries.range(missing, '5ae290ed-55d1-47a0-bc6d-fe2bc2700399', range)).rejects.toThrow();
  expect(seen.at(-1)).toMatchObject({ operation: 'Query', error: expect.any(Error) });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import * as messages from '../conversations/messages.ts';
import { closeTable, createTable, type Table } from '../table/client.ts';
import { person } from '../testing/people.ts';
import * as entries from './entries.ts';
import { createLog } from './log.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

/** A separate node, and the number of its statements that were refused because their sequence number was taken. */
function node() {
  const { name, runnerName } = table;
  const own: Table = createTable({ region: 'us-east-1', endpoint: testEndpoint(), name, runnerName });
  let refused = 0;
  own.doc.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { Responses } = result.output as { Responses?: { Error?: { Code?: string } }[] };
      if (Array.isArray(Responses))
        refused += Responses.filter(({ Error: error }) => error?.Code === 'DuplicateItem').length;
      return result;
    },
    { step: 'initialize', name: 'countRefused' },
  );
  const log = createLog(own, { batch: 'statements', deadlineMs: 30_000 });
  return { log, refused: () => refused, close: () => closeTable(own) };
}

test('two nodes that send in turn read before they write: few writes are refused, and nothing is lost', async () => {
  const nodes = [node(), node()] as const;
  const [one, other] = [person('one'), person('other')];
  const sends = 40;
  for (let index = 0; index < sends; index += 1) {
    const { log } = index % 2 === 0 ? nodes[0] : nodes[1];
    await messages.sendDirect(log, { sender: one, recipient: other, message: `${index}` });
  }
  const refused = nodes[0].refused() + nodes[1].refused();
  expect(refused).toBeLessThanOrEqual(sends / 10);
  expect(refused).toBeGreaterThan(0);
  const { message_group_uuid } = await messages.sendDirect(nodes[0].log, {
    sender: one,
    recipient: other,
    message: 'last',
  });
  const { entries: all } = await entries.range(table, message_group_uuid, { order: 'ascending' });
  expect(all.map(({ message }) => message)).toEqual([...Array(sends).keys()].map(String).concat('last'));
  for (const { close } of nodes) close();
});

test('a node stops reading ahead when no other node writes', async () => {
  const [first, second] = [node(), node()];
  const [one, other] = [person('one'), person('other')];
  const send = (log: typeof first.log) =>
    messages.sendDirect(log, { sender: one, recipient: other, message: 'x' });
  await send(first.log);
  await send(second.log);
  await send(first.log);
  expect(first.refused()).toBe(1);
  for (let index = 0; index < 20; index += 1) await send(first.log);
  // The other node writes once more, so this node's append without a read is refused.
  await send(second.log);
  await send(first.log);
  expect(first.refused()).toBe(2);
  for (const { close } of [first, second]) close();
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { repair } from '@parley/core/audit/repair';
import { createTestTable } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { contextFor } from '../runner/deadline.ts';
import { brokenConversation } from '../testing/broken-conversation.ts';
import { createDriftHandler } from './handler.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let alarms: unknown[];
let counted: [name: string, value: number][];
beforeEach(async () => {
  table = await createTestTable();
  alarms = [];
  counted = [];
});
afterEach(() => table.drop());

/** Fifty times as fast as on AWS, where an invocation has 240 s. */
const budgetMs = 4_800;
const scaled = { settleMs: [20, 120, 1_200], marginMs: 300 };
const scheduled = () =>
  createDriftHandler(
    table,
    {
      lines: pino({}, { write: (line) => void alarms.push(JSON.parse(line).messageGroupUuid) }),
      count: (...metric) => void counted.push(metric),
    },
    scaled,
  );

/** The answer of an invocation, and whether it came before the deadline. */
async function invoke(handler: ReturnType<typeof createDriftHandler>) {
  const context = contextFor(budgetMs);
  const answer = await handler({}, context);
  return { ...answer, isInTime: context.getRemainingTimeInMillis() > 0 };
}

test('an empty table has nothing to check', async () => {
  expect(await invoke(scheduled())).toEqual({ samples: 0, found: 0, differing: 0, isInTime: true });
  expect(counted).toEqual([['DriftingConversations', 0]]);
});

test('a conversation that differs is logged and counted before the time is up', async () => {
  const { message_group_uuid } = await brokenConversation(table);
  expect(await invoke(scheduled())).toEqual({ samples: 1, found: 1, differing: 1, isInTime: true });
  expect(alarms).toEqual([message_group_uuid]);
  expect(counted).toEqual([['DriftingConversations', 1]]);
});

test('no pass starts that could not end in time, however many conversations differ', async () => {
  for (let index = 0; index < 12; index += 1) await brokenConversation(table);
  const { isInTime, differing } = await invoke(scheduled());
  expect(isInTime).toBe(true);
  expect(differing).toBeGreaterThan(1);
  expect(counted).toEqual([['DriftingConversations', differing]]);
});

test('a known difference is checked once by the next invocation, without a wait, and forgotten when it is corrected', async () => {
  const { message_group_uuid } = await brokenConversation(table);
  const handler = scheduled();
  await invoke(handler);
  const startedAt = performance.now();
  expect(await invoke(handler)).toEqual({ samples: 2, found: 1, differing: 1, isInTime: true });
  expect(performance.now() - startedAt).toBeLessThan(1_200);
  await repair(table, undefined, {
    conversations: [{ messageGroupUuid: message_group_uuid, mark: 1 }],
    orphans: [],
    strangers: [],
  });
  expect(await invoke(handler)).toEqual({ samples: 3, found: 1, differing: 0, isInTime: true });
  expect(alarms).toEqual([message_group_uuid]);
  expect(counted.map(([, value]) => value)).toEqual([1, 1, 0]);
});

import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import { check } from '../audit/check.ts';
import * as arrivals from '../erasure/arrivals.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import type { ImportedMessage, RoomPlan } from './import-plan.ts';
import { createRoom, messagesPerTransaction, type RoomOptions } from './import-room.ts';
import * as roomProgress from './room-progress.ts';

const source = 'a source';
let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let people: RoomOptions['people'];
beforeAll(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  people = await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'bob' }]);
});
afterAll(() => Promise.all([table.drop(), database.close()]));

/** Each test has a room of its own. */
let plan: RoomPlan;
beforeEach(() => {
  plan = {
    uuid: crypto.randomUUID(),
    title: 'tea',
    startedAtMs: Date.parse('2001-02-03T04:05:06Z'),
    lines: 5,
    lastLine: 9,
    people: new Set(['ada', 'bob']),
  };
});

const room = async (on: Table = table, change: Partial<RoomOptions> = {}) =>
  createRoom({
    ...{ table: on, pool: database.pool, source, plan, people },
    progress: await roomProgress.get(table, source, plan.uuid),
    erased: async () => () => false,
    ...change,
  });
const said = (line: number): ImportedMessage => ({
  line,
  room: 'tea',
  at: new Date(plan.startedAtMs + line * 1_000).toISOString(),
  handle: line % 2 ? 'ada' : 'bob',
  text: `line ${line}`,
});
const lines = (...numbers: number[]) => numbers.map(said);

async function log() {
  const found: Entry[] = [];
  for await (const page of entries.pages(table, plan.uuid, { order: 'ascending' })) found.push(...page);
  return found;
}
const texts = async () => (await log()).slice(1).map(({ message }) => message);
const progress = () => roomProgress.get(table, source, plan.uuid);

/** The table for a process whose transaction `number` fails, before it is written or after. */
function failingAt(
  number: number,
  when: 'before' | 'after',
  error: Error,
): Table & { transactions(): number } {
  let transactions = 0;
  const failing = withSend(table, async (command, send) => {
    if (!(command instanceof TransactWriteCommand)) return send(command);
    transactions += 1;
    if (transactions !== number) return send(command);
    if (when === 'after') await send(command);
    throw error;
  });
  return { ...failing, transactions: () => transactions };
}
const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

describe('messages of a room', () => {
  test('follow the entry that creates the group, and move the progress to their last line', async () => {
    const importing = await room();
    await importing.append(lines(1, 2, 5));
    expect(await log()).toMatchObject([
      { seq: 1, type: 'group_created', title: 'tea', message_count: 0 },
      { seq: 2, message: 'line 1', user_handle: 'ada', message_count: 1 },
      { seq: 3, message: 'line 2', user_handle: 'bob', message_count: 2 },
      { seq: 4, message: 'line 5', created_at: said(5).at, message_count: 3 },
    ]);
    expect(await progress()).toMatchObject({ line: 5, isFinished: false });
    expect(await arrivals.list(table)).toContain(plan.uuid);
    expect(await members.group(table, plan.uuid)).toBeUndefined();
  });

  test('that come again are skipped, in the same run and in the next', async () => {
    const importing = await room();
    await importing.append(lines(1, 2));
    await importing.append(lines(1, 2, 3));
    await (await room()).append(lines(2, 3, 4));
    await (await room()).append([]);
    expect(await texts()).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  });

  test.each([1, 2])(
    'whose transaction %i was written though its answer is lost are in the log once',
    async (number) => {
      const lossy = failingAt(number, 'after', lost());
      const importing = await room(lossy);
      await importing.append(lines(1, 2));
      await importing.append(lines(3));
      expect(lossy.transactions()).toBe(3);
      expect(await texts()).toEqual(['line 1', 'line 2', 'line 3']);
    },
  );

  test.each([1, 2, 3])(
    'of a process that dies at transaction %i are appended by the next',
    async (number) => {
      const dying = failingAt(number, 'before', new Error('crash'));
      const importing = await room(dying);
      const run = async () => {
        await importing.append(lines(1, 2));
        await importing.append(lines(3));
      };
      await expect(run()).rejects.toThrow('crash');
      const next = await room();
      for (const messages of [lines(1, 2), lines(3)]) await next.append(messages);
      expect(await texts()).toEqual(['line 1', 'line 2', 'line 3']);
      await next.finish();
      expect((await members.roster(table, plan.uuid)).members).toHaveLength(2);
    },
  );

  test('that two imports append at once are in the log once, in their order', async () => {
    const both = await Promise.all([room(), room()]);
    const messages = Array.from({ length: 6 }, (_, index) => lines(index * 2 + 1, index * 2 + 2));
    await Promise.all(
      both.map(async (importing) => {
        for (const some of messages) await importing.append(some);
        await importing.finish();
      }),
    );
    expect(await texts()).toEqual(messages.flat().map(({ text }) => text));
  });

  test('fill a transaction', async () => {
    const numbers = Array.from({ length: messagesPerTransaction }, (_, index) => index + 1);
    await (await room()).append(lines(...numbers));
    expect(await texts()).toHaveLength(99);
  });

  test('of a person who is erased come without texts, names and keys', async () => {
    const ada = people.get('ada')?.uuid ?? '';
    await (await room(table, { erased: async () => (uuid) => uuid === ada })).append(lines(1, 2));
    expect((await log()).slice(1)).toMatchObject([
      { message: '', user_handle: `deleted-${ada}`, user_display_name: 'Deleted user', message_count: 1 },
      { message: 'line 2', user_handle: 'bob', message_count: 2 },
    ]);
  });

  test('that the table refuses fail with its error', async () => {
    const importing = await room();
    const long = { ...said(1), text: 'x'.repeat(450_000) };
    await expect(importing.append([long])).rejects.toThrow(/size/i);
    expect(await texts()).toEqual([]);
    await importing.append(lines(1));
    expect(await texts()).toEqual(['line 1']);
  });
});

describe('a finished room', () => {
  test('has its group, members and summaries, and keeps them when it is finished again', async () => {
    await (await room()).append(lines(1, 2));
    for (let run = 0; run < 2; run += 1) await (await room()).finish();
    expect(await members.roster(table, plan.uuid)).toMatchObject({
      group: { title: 'tea', member_count: 2, version: 1 },
      members: [...people.values()]
        .map(({ uuid }) => ({ user_uuid: uuid }))
        .sort((one, other) => (one.user_uuid < other.user_uuid ? -1 : 1)),
    });
    expect(await progress()).toMatchObject({ line: 2, isFinished: true });
    expect(await arrivals.list(table)).not.toContain(plan.uuid);
    const { findings } = await check(table, database.pool, { settleMs: [] });
    expect(findings.filter(({ key }) => key.includes(plan.uuid))).toEqual([]);
  });

  test('is finished by the next run where a process died before the progress said so', async () => {
    await (await room()).append(lines(1));
    // The first transaction creates the group, the second moves the progress.
    const dying = failingAt(2, 'before', new Error('crash'));
    await expect((await room(dying)).finish()).rejects.toThrow('crash');
    expect(await progress()).toMatchObject({ line: 1, isFinished: false });
    await (await room()).finish();
    expect(await progress()).toMatchObject({ line: 1, isFinished: true });
  });
});

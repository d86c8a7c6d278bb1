import { randomUUID } from 'node:crypto';
import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import * as arrivals from '../erasure/arrivals.ts';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import { summaryKey } from '../table/keys.ts';
import { ExportError } from './export-format.ts';
import { addLine, announce, createRestored, finish, writeEntries } from './restore-conversation.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  const people = await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'bob' }]);
  [ada, bob] = [people.get('ada'), people.get('bob')] as [Person, Person];
});
afterAll(() => Promise.all([table.drop(), database.close()]));

const at = '2026-01-01T00:00:00.000Z';
const nobody = () => false;
const isAda = (uuid: string) => uuid === ada.uuid;
const message = (uuid: string, seq: number, author: Person, text = `text ${seq}`): Entry => ({
  message_group_uuid: uuid,
  seq,
  type: 'message',
  message_uuid: randomUUID(),
  message: text,
  user_uuid: author.uuid,
  user_handle: author.handle,
  user_display_name: author.display_name,
  created_at: at,
  message_count: seq,
});
/** The first entries of a direct conversation, of Ada and Bob in turn. */
const logOf = (count: number, uuid: string = randomUUID()) =>
  Array.from({ length: count }, (_, index) => message(uuid, index + 1, index % 2 ? bob : ada));
const uuidOf = (log: Entry[]) => log[0]?.message_group_uuid ?? '';
const stored = async (log: Entry[]) =>
  (await entries.range(table, uuidOf(log), { order: 'ascending' })).entries;
const write = (log: Entry[], isErased: (uuid: string) => boolean = nobody) =>
  writeEntries(table, log, async () => isErased);

/** A direct conversation as its lines tell it. */
function restoredOf(log: Entry[], settings: Record<string, unknown> = {}) {
  const uuid = uuidOf(log);
  const restored = createRestored(uuid, { isArriving: false });
  for (const entry of log) addLine(restored, { line: 'entry', ...entry }, nobody);
  const group = { kind: 'direct', created_by: ada.uuid, created_at: at, member_count: 2, version: 1 };
  addLine(restored, { line: 'group', message_group_uuid: uuid, ...group }, nobody);
  for (const [person, read_seq] of [
    [ada, 1],
    [bob, 3],
  ] as const) {
    const member = { user_uuid: person.uuid, role: 'member', joined_at: at, read_seq };
    addLine(restored, { line: 'member', message_group_uuid: uuid, ...member, settings }, nobody);
  }
  return restored;
}
async function summaryOf({ uuid }: Person, log: Entry[]) {
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.name, Key: summaryKey(uuid, uuidOf(log)), ConsistentRead: true }),
  );
  return Item;
}

test('a line of an erased person loses its text, name and key, and says so', () => {
  const log = logOf(2);
  const restored = createRestored(uuidOf(log), { isArriving: false });
  const said = log.map((entry) =>
    addLine(restored, { line: 'entry', ...entry, idempotency_key: 'key' }, isAda),
  );
  expect(said).toEqual([true, false]);
  expect(restored.entries).toMatchObject([
    { message: '', user_handle: `deleted-${ada.uuid}` },
    { message: 'text 2', user_handle: 'bob', idempotency_key: 'key' },
  ]);
  expect(restored.entries[0]).not.toHaveProperty('idempotency_key');
  expect(restored.entries[0]).not.toHaveProperty('line');
  expect(restored.history.seq).toBe(2);
});

describe('entries', () => {
  test('are written as they were, and only the missing ones the next time', async () => {
    const log = logOf(5);
    expect(await write(log.slice(0, 2))).toBe(2);
    expect(await write(log)).toBe(3);
    expect(await write(log)).toBe(0);
    expect(await stored(log)).toEqual(log);
  });

  test('fill a hole', async () => {
    const log = logOf(4);
    await write(log.slice(0, 1));
    await write(log.slice(2, 3));
    expect(await write(log)).toBe(2);
    expect(await stored(log)).toEqual(log);
  });

  test('are refused as a whole where another entry has the number of one', async () => {
    const log = logOf(3);
    const other = message(uuidOf(log), 3, bob, 'another');
    await write([other]);
    expect(await write(log)).toBeUndefined();
    expect(await stored(log)).toEqual([other]);
  });

  test('whose answer is lost are counted and written once', async () => {
    let losses = 0;
    const lossy = withSend(table, async (command, send) => {
      const answer = await send(command);
      if (!(command instanceof TransactWriteCommand) || losses > 0) return answer;
      losses += 1;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    });
    const log = logOf(3);
    expect(await writeEntries(lossy, log, async () => nobody)).toBe(0);
    expect([losses, await stored(log)]).toEqual([1, log]);
  });

  test('of a person who was erased since they were read lose their texts when they are written', async () => {
    const log = logOf(2);
    await write(log, isAda);
    expect(await stored(log)).toMatchObject([
      { message: '', user_handle: `deleted-${ada.uuid}` },
      { message: 'text 2' },
    ]);
  });
});

describe('a missing conversation', () => {
  test('is listed as arriving, and one that is there is not', async () => {
    const log = logOf(3);
    const [missing, present] = [restoredOf(log), restoredOf(log)];
    await announce(table, missing);
    expect([missing.isArriving, await arrivals.list(table)]).toEqual([true, [uuidOf(log)]]);
    await write(log);
    await finish(createLog(table, { batch: 'transactions' }), database.pool, missing);
    expect(await arrivals.list(table)).toEqual([]);
    await announce(table, present);
    expect([present.isArriving, await arrivals.list(table)]).toEqual([false, []]);
  });

  test('gets its group, its members with their positions and settings, and nothing a second time', async () => {
    const log = logOf(5);
    await write(log);
    const finishIt = (settings: Record<string, unknown>) =>
      finish(createLog(table, { batch: 'transactions' }), database.pool, restoredOf(log, settings));
    await finishIt({ muted: true });
    await finishIt({ muted: false });
    expect(await members.group(table, uuidOf(log))).toMatchObject({ kind: 'direct', member_count: 2 });
    const joined = { role: 'member', joined_at: at };
    expect(await members.get(table, uuidOf(log), ada.uuid)).toEqual({ user_uuid: ada.uuid, ...joined });
    const newest = { last_seq: 5, message_count: 5, message: 'text 5', muted: true };
    expect(await summaryOf(ada, log)).toMatchObject({
      ...newest,
      ...{ read_seq: 1, read_count: 1, sent_seq: 5, sent_count: 5 },
      ...{ user_uuid: bob.uuid, user_handle: 'bob' },
    });
    expect(await summaryOf(bob, log)).toMatchObject({
      ...newest,
      ...{ read_seq: 3, read_count: 3, sent_seq: 4, sent_count: 4 },
      ...{ user_uuid: ada.uuid, user_handle: 'ada' },
    });
  });

  test('without a group is left without members, and one with members needs a log', async () => {
    const log = logOf(1);
    const restored = createRestored(uuidOf(log), { isArriving: false });
    const restoring = createLog(table, { batch: 'transactions' });
    await finish(restoring, database.pool, restored);
    expect(await members.roster(table, uuidOf(log))).toEqual({ members: [] });
    const { group, members: exported } = restoredOf(log);
    Object.assign(restored, { group, members: exported });
    await expect(finish(restoring, database.pool, restored)).rejects.toThrow(ExportError);
  });
});

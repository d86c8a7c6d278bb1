import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, setAttribute } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { conversationUuid } from '../conversations/uuids.ts';
import * as erasures from '../erasure/erasures.ts';
import * as entries from '../log/entries.ts';
import { type Entry, entryItem, type Person } from '../log/entries.ts';
import { tombstoneName } from '../log/erased.ts';
import { keyText } from '../log/fold.ts';
import { createLog, type Log } from '../log/log.ts';
import * as placeholders from '../people/placeholders.ts';
import { placeholderHandle, placeholderName } from '../people/placeholders.ts';
import * as users from '../people/users.ts';
import { createProjector } from '../projections/projector.ts';
import { isTransientFault } from '../table/faults.ts';
import { entryKey, groupKey, type Key, leftKey, memberKey, parseKey, summaryKey } from '../table/keys.ts';
import { type Item, scanPages } from '../table/read.ts';
import { insertFourPeople } from '../testing/people.ts';
import { projectStored } from '../testing/project-stored.ts';
import { check } from './check.ts';
import { repair, repairSummaries } from './repair.ts';

const settleMs = [0];
const handles = ['ada', 'bob', 'eve', 'dan'] as const;

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let log: Log;
let ada: Person;
let bob: Person;
let eve: Person;
let dan: Person;
let group: string;
let direct: string;

let healthy: Item[];

beforeAll(async () => {
  [database, table] = await Promise.all([createTestDatabase(), createTestTable()]);
  [ada, bob, eve, dan] = await insertFourPeople(database.pool);
  await converse();
  healthy = await stored();
});
afterAll(() => Promise.all([database.close(), table.drop()]));

/** Restores the items that a test has changed. */
beforeEach(async () => {
  const now = new Map((await stored()).map((item) => [keyText(item as Key), item]));
  for (const item of healthy) {
    const text = keyText(item as Key);
    if (!isDeepStrictEqual(now.get(text), item)) await put(item);
    now.delete(text);
  }
  for (const { pk, sk } of now.values()) await remove({ pk, sk } as Key);
  log = createLog(table, { batch: 'transactions' });
});

/** A group with every kind of entry and a direct conversation, whose summaries are up to date. */
async function converse() {
  log = createLog(table, { batch: 'transactions' });
  const roster = await messageGroups.create(log, { creator: ada, title: 'first', people: [bob, eve] });
  group = roster.group.message_group_uuid;
  const about = { messageGroupUuid: group, actor: ada };
  await messages.send(log, { messageGroupUuid: group, sender: bob, message: 'hello', idempotencyKey: 'k' });
  await messageGroups.rename(log, { ...about, title: 'second' });
  await messageGroups.removeMember(log, { ...about, person: bob });
  await messageGroups.addMembers(log, { ...about, people: [dan, bob] });
  await messageGroups.setRole(log, { ...about, person: eve, role: 'admin' });
  await messages.send(log, { messageGroupUuid: group, sender: eve, message: 'x'.repeat(300) });
  await messages.sendDirect(log, { sender: ada, recipient: bob, message: 'hi', idempotencyKey: 'k' });
  await messages.sendDirect(log, { sender: bob, recipient: ada, message: 'hi yourself' });
  direct = conversationUuid(ada.uuid, bob.uuid);
  await projectStored(table);
}

async function stored() {
  const items: Item[] = [];
  for await (const page of scanPages(table)) items.push(...page);
  return items;
}

const put = (Item: Record<string, unknown>) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item }));
const remove = (Key: Key) => table.doc.send(new DeleteCommand({ TableName: table.name, Key }));
const set = (key: Key, name: string, value: unknown) => setAttribute(table, key, name, value);
const entry = async (uuid: string, seq: number) => (await entries.get(table, uuid, seq)) as Entry;
const append = async (uuid: string, seq: number, change: Record<string, unknown>) =>
  put({ ...entryItem(await entry(uuid, seq - 1)), ...entryKey(uuid, seq), ...change });

test('a correct table has no findings, is counted, and is not changed by a repair', async () => {
  const before = await stored();
  const result = await check(table, database.pool, { settleMs });
  expect(result).toMatchObject({ findings: [], unsettled: 0, suspects: { conversations: [], orphans: [] } });
  expect(result.counters).toEqual({
    items: 24,
    conversations: 2,
    entries: 9,
    messages: 4,
    members: 6,
    summaries: 6,
    people: 4,
    unknown: 0,
  });
  expect(await repairSummaries(table, { settleMs })).toEqual({ rewritten: 0, created: 0, deleted: 0 });
  expect(await stored()).toEqual(before);
});

test('items of an older layout are counted and not reported', async () => {
  await put({ pk: `MSG#${randomUUID()}`, sk: '2023-01-01T00:00:00Z', message: 'old' });
  await put({ pk: `GRP#${randomUUID()}`, sk: '2023-01-01T00:00:00Z', message: 'old' });
  await put({ pk: 'anything', sk: 'else' });
  const { findings, counters } = await check(table, database.pool, { settleMs });
  expect(findings).toEqual([]);
  expect(counters.unknown).toBe(3);
});

/** `says` matches the fault's text, because the same damage may cause other faults too. */
type Fault = [name: string, invariant: number, spoil: () => Promise<unknown>, says?: RegExp];

const rebuilt: Fault[] = [
  [
    'a summary behind the log',
    3,
    () => messages.send(log, { messageGroupUuid: group, sender: ada, message: '!' }),
    /^is at entry 7, but the newest is 8$/,
  ],
  ['a summary with another preview', 3, () => set(summaryKey(bob.uuid, group), 'message', 'lies')],
  ['a summary with another title', 3, () => set(summaryKey(bob.uuid, group), 'title', 'first')],
  ['a summary with another sender', 3, () => set(summaryKey(bob.uuid, direct), 'sender_uuid', ada.uuid)],
  ['a direct summary of another person', 3, () => set(summaryKey(bob.uuid, direct), 'user_uuid', eve.uuid)],
  ['a summary with a wrong count', 4, () => set(summaryKey(bob.uuid, group), 'message_count', 7)],
  ['a summary beyond the log', 4, () => set(summaryKey(bob.uuid, group), 'last_seq', 99)],
  ['a read position beyond the log', 4, () => set(summaryKey(dan.uuid, group), 'read_seq', 99)],
  ['a read count of another position', 4, () => set(summaryKey(dan.uuid, group), 'read_count', 2)],
  ['a position that is no number', 4, () => set(summaryKey(dan.uuid, group), 'sent_seq', 'zero')],
  [
    'an own message that counts as unread',
    3,
    async () => {
      await set(summaryKey(eve.uuid, group), 'sent_seq', 0);
      await set(summaryKey(eve.uuid, group), 'sent_count', 0);
    },
  ],
  ['a sent position without a message', 3, () => set(summaryKey(dan.uuid, group), 'sent_seq', 2)],
  ['a member without a summary', 5, () => remove(summaryKey(bob.uuid, group))],
  ['a leaver of whom no note is left', 5, () => remove(leftKey(bob.uuid, group))],
  ['a person of a direct conversation without a summary', 5, () => remove(summaryKey(bob.uuid, direct))],
  [
    'a summary of a person who is not a member',
    5,
    () => put({ ...summaryKey(dan.uuid, direct), kind: 'direct', last_seq: 1, last_message_at: 'x' }),
  ],
];

test.each(rebuilt)('%s is found, and rebuilt from the log', async (_, invariant, spoil, says = /./) => {
  await spoil();
  const result = await check(table, database.pool, { settleMs });
  expect(result.findings).toContainEqual(
    expect.objectContaining({ invariant, detail: expect.stringMatching(says) }),
  );
  const repaired = await repair(table, database.pool, result.suspects);
  expect(repaired.findings).toEqual([]);
  expect(repaired.unsettled).toBe(0);
  expect((await check(table, database.pool, { settleMs })).findings).toEqual([]);
  expect(await repairSummaries(table, { settleMs })).toEqual({ rewritten: 0, created: 0, deleted: 0 });
});

const reported: Fault[] = [
  ['a gap in a log', 1, () => remove(entryKey(group, 4))],
  ['a log without its beginning', 1, () => remove(entryKey(direct, 1))],
  ['a number far beyond the others', 1, () => append(group, 8, entryKey(group, 10 ** 12 - 1))],
  ['a count that is not the number of messages', 1, () => set(entryKey(group, 3), 'message_count', 2)],
  [
    'a time earlier than the previous entry',
    1,
    () => append(direct, 3, { created_at: '2001-01-01' }),
    /^created_at 2001-01-01 is before /,
  ],
  ['an entry that is none', 1, () => put({ ...entryKey(direct, 3), message: 'hello' })],
  ['a message_uuid that comes twice', 2, () => append(direct, 3, { message_count: 3 })],
  [
    'a key that comes twice',
    2,
    () =>
      append(direct, 3, {
        message_count: 3,
        message_uuid: randomUUID(),
        user_uuid: ada.uuid,
        idempotency_key: 'k',
      }),
  ],
  ['a member whom the log does not know', 5, () => put({ ...memberKey(direct, eve.uuid), role: 'member' })],
  [
    'a member of a group who is not a member in the log',
    5,
    () => put({ ...memberKey(group, randomUUID()), role: 'member' }),
    /^the log does not make this person a member$/,
  ],
  ['a member who is missing', 5, () => remove(memberKey(group, dan.uuid))],
  ['a role that the log does not give', 5, () => set(memberKey(group, dan.uuid), 'role', 'admin')],
  ['a title that the log does not give', 5, () => set(groupKey(group), 'title', 'third')],
  ['a member_count that is not the number of members', 5, () => set(groupKey(group), 'member_count', 9)],
  ['a conversation without its group', 5, () => remove(groupKey(group))],
  [
    'a message of a person who was not a member',
    5,
    () => append(group, 8, { message_uuid: randomUUID(), message_count: 3, user_uuid: randomUUID() }),
  ],
];

test.each(reported)('%s is found, and a repair does not hide it', async (_, invariant, spoil, says = /./) => {
  await spoil();
  const result = await check(table, database.pool, { settleMs });
  expect(result.findings).toContainEqual(
    expect.objectContaining({ invariant, detail: expect.stringMatching(says) }),
  );
  const { findings } = await repair(table, database.pool, result.suspects);
  expect(findings.map((finding) => finding.invariant)).toContain(invariant);
});

describe('people whom the table names but Postgres lacks, after a restore to another time', () => {
  const forget = (people: Person[]) =>
    database.pool.query('delete from users where uuid = any($1::uuid[])', [people.map(({ uuid }) => uuid)]);
  const rows = async (people: Person[]) => {
    const found = await Promise.all(people.map(({ uuid }) => users.findByUuid(database.pool, uuid)));
    return found.map((user) => user && [user.handle, user.display_name]);
  };
  const restore = async () => {
    const suspects = (await check(table, database.pool, { settleMs })).suspects;
    return repair(table, database.pool, suspects);
  };
  /** The suite's people before the test. */
  afterEach(async () => {
    const people = [ada, bob, eve, dan];
    await forget(people);
    await database.pool.query(`delete from users where handle in ('EVE', 'somebody')`);
    await database.pool.query('delete from retired_handles');
    await database.pool.query(
      'insert into users (uuid, handle, display_name) select * from unnest($1::uuid[], $2::text[], $2::text[])',
      [people.map(({ uuid }) => uuid), handles],
    );
  });

  test('are found, and get a disabled placeholder with the name from the table', async () => {
    await forget([bob, eve, dan]);
    const { findings } = await check(table, database.pool, { settleMs });
    expect(findings.map(({ invariant, key }) => [invariant, key])).toEqual(
      expect.arrayContaining([
        [7, keyText(groupKey(group))],
        [7, keyText(groupKey(direct))],
      ]),
    );
    const before = await stored();
    expect(await restore()).toMatchObject({ placeholders: 3, rewritten: 0, findings: [], unsettled: 0 });
    // Dan has written nothing: only his uuid is in the table.
    expect(await rows([bob, eve, dan])).toEqual([
      ['bob', 'bob'],
      ['eve', 'eve'],
      [placeholderHandle(dan.uuid), placeholderName],
    ]);
    const placeholder = await users.findByUuid(database.pool, bob.uuid);
    expect(placeholder).toMatchObject({
      disabled_at: expect.any(Date),
      erased_at: null,
      cognito_user_id: null,
    });
    // No text was removed, and nothing is left to repair.
    expect(await erasures.unfinished(database.pool)).toEqual([]);
    expect(await stored()).toEqual(before);
    expect(await restore()).toMatchObject({ placeholders: 0, findings: [] });
  });

  test('do not get a handle that another person has by now, or one that was retired', async () => {
    await forget([bob, eve]);
    await users.insertPeople(database.pool, [{ handle: 'EVE' }]);
    const [somebody] = (await users.insertPeople(database.pool, [{ handle: 'somebody' }])).values();
    await database.pool.query(`update users set handle = 'bob' where uuid = $1`, [somebody?.uuid]);
    await erasures.begin(database.pool, somebody?.uuid ?? '');
    expect(await restore()).toMatchObject({ placeholders: 2, findings: [] });
    expect(await rows([bob, eve])).toEqual([
      [placeholderHandle(bob.uuid), 'bob'],
      [placeholderHandle(eve.uuid), 'eve'],
    ]);
    await database.pool.query('delete from users where uuid = $1', [somebody?.uuid]);
  });

  test('are erased again if the table shows that they were', async () => {
    const names = tombstoneName(bob.uuid);
    for (const [uuid, seq] of [
      [group, 2],
      [direct, 2],
    ] as const) {
      await set(entryKey(uuid, seq), 'user_handle', names.handle);
      await set(entryKey(uuid, seq), 'user_display_name', names.display_name);
    }
    await forget([bob]);
    expect(await restore()).toMatchObject({ placeholders: 1 });
    expect(await rows([bob])).toEqual([[names.handle, names.display_name]]);
    expect((await erasures.unfinished(database.pool)).map(({ uuid }) => uuid)).toEqual([bob.uuid]);
  });

  test('two of them with one handle both get a row, and two concurrent repairs insert nobody twice', async () => {
    await forget([bob, eve]);
    const strangers = [bob, { ...eve, handle: 'BOB' }, { uuid: 'no-uuid', handle: 'x', display_name: 'x' }];
    const made = await Promise.all([1, 2, 3].map(() => placeholders.insert(database.pool, strangers)));
    expect(made.reduce((sum, count) => sum + count)).toBe(2);
    const names = (await rows([bob, eve])).map((row) => row?.[0]?.toLowerCase());
    expect(names.filter((name) => name === 'bob')).toHaveLength(1);
    expect(names.filter((name) => name?.startsWith('missing-'))).toHaveLength(1);
  });
});

test('a direct conversation with a uuid that is not that of its two people is found', async () => {
  const uuid = randomUUID();
  for await (const page of scanPages(table))
    for (const item of page) {
      const key = parseKey(item as Key);
      if ('messageGroupUuid' in key && key.messageGroupUuid === direct)
        await put({ ...item, ...(key.item === 'summary' ? { sk: uuid } : { pk: entryKey(uuid, 1).pk }) });
    }
  const { findings } = await check(table, database.pool, { settleMs });
  expect(findings).toEqual([
    { invariant: 7, key: expect.stringContaining(uuid), detail: expect.any(String) },
  ]);
});

describe('while people write', () => {
  test('nothing is reported, and a repair loses nothing', async () => {
    const projector = createProjector(table);
    const uuids = [group, direct];
    let isOver = false;
    const late = new Set<Promise<unknown>>();
    const project = async (written: Entry) => {
      await sleep(Math.random() * 120);
      await projector.project([{ entry: written, writtenAtMs: Date.now(), sequenceNumber: '' }]);
    };
    /** At most ten at a time, as in a batch of the runner. Without a limit, a slow engine would never catch up. */
    const projectLater = async (written: Entry) => {
      const projected = project(written).finally(() => late.delete(projected));
      late.add(projected);
      if (late.size >= 10) await Promise.race(late);
    };
    const write = async (messageGroupUuid: string, sender: Person) => {
      while (!isOver) {
        const written = await messages.send(log, { messageGroupUuid, sender, message: randomUUID() });
        await projectLater(written);
        await sleep(5);
      }
    };
    const changeMembers = async () => {
      while (!isOver) {
        const about = { messageGroupUuid: group, actor: ada };
        await messageGroups.removeMember(log, { ...about, person: dan });
        await messageGroups.addMembers(log, { ...about, people: [dan] });
        const newest = await entries.newest(table, group);
        if (newest) await projectLater(newest);
        await sleep(80);
      }
    };
    const writers = [...uuids.map((uuid) => write(uuid, bob)), write(group, ada), changeMembers()];
    try {
      for (let round = 0; round < 4; round += 1) {
        // Checks again until nothing is suspect, because the engine may be slow.
        const { findings } = await check(table, database.pool, { settleMs: doubling(50, 25_600) });
        expect(findings).toEqual([]);
      }
      // A repair may lose every race against the writers, and must then be repeated.
      await repairSummaries(table, { settleMs: [0] }).catch((error) => {
        if (!isTransientFault(error)) throw error;
      });
    } finally {
      isOver = true;
      await Promise.all(writers);
      await Promise.all(late);
    }
    expect((await check(table, database.pool, { settleMs })).findings).toEqual([]);
  }, 120_000);
});

const doubling = (from: number, to: number): number[] => (from > to ? [] : [from, ...doubling(2 * from, to)]);

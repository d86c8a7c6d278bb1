import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  BatchExecuteStatementCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import fc from 'fast-check';
import { check } from '../audit/check.ts';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { conversationUuid } from '../conversations/uuids.ts';
import * as summaries from '../inbox/summaries.ts';
import * as entries from '../log/entries.ts';
import { type Entry, entryItem } from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import { search } from '../people/user-search.ts';
import * as users from '../people/users.ts';
import { createProjector } from '../projections/projector.ts';
import type { Table } from '../table/client.ts';
import { deadLetterKey, summaryKey } from '../table/keys.ts';
import { type Item, scanPages } from '../table/read.ts';
import * as exporting from '../transfer/export.ts';
import * as erase from './erase.ts';
import * as erasures from './erasures.ts';

/** Words that only Zoe's texts contain. */
const secret = /zanzibar( \d)?|zoe|zsub|zkey/gi;
const secretsIn = (text: string) => text.match(secret) ?? [];

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let log: Log;
let zoe: users.User;
let ada: users.Person;
let bob: users.Person;
let group: string;
let left: string;
let direct: string;
let deletedSubs: string[];

/** Zoe has created a group, left another one, wrote to Ada, was added by Bob, and one of her records is a dead letter. */
beforeEach(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  deletedSubs = [];
  log = createLog(table, { batch: 'transactions' });
  const people = await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'bob' }]);
  [ada, bob] = ['ada', 'bob'].map((handle) => people.get(handle)) as [users.Person, users.Person];
  zoe = await users.insertFromSignUp(database.pool, {
    sub: 'zsub',
    preferredUsername: 'zoe',
    name: 'Zoe Z',
    email: 'zoe@example.com',
  });
  await users.updateProfile(database.pool, zoe.uuid, { display_name: 'Zoe Z', bio: 'of Zanzibar' });
  group = (await messageGroups.create(log, { creator: zoe, title: 'tea', people: [ada, bob] })).group
    .message_group_uuid;
  left = (await messageGroups.create(log, { creator: bob, title: 'coffee', people: [zoe, ada] })).group
    .message_group_uuid;
  await say(left, zoe, 'zanzibar 1');
  await messageGroups.removeMember(log, { messageGroupUuid: left, actor: zoe, person: zoe });
  await say(left, ada, 'hello');
  await say(group, ada, 'first');
  await say(group, zoe, 'zanzibar 2');
  direct = conversationUuid(zoe.uuid, ada.uuid);
  for (const text of ['zanzibar 3', 'zanzibar 4'])
    await messages.sendDirect(log, {
      sender: zoe,
      recipient: ada,
      message: text,
      idempotencyKey: `zkey ${text}`,
    });
  await project(await records());
  const failed = (await records()).find(({ entry }) => entry.message === 'zanzibar 4');
  const record = { eventName: 'INSERT', dynamodb: { NewImage: marshall(entryItem(failed?.entry as Entry)) } };
  await table.doc.send(
    new PutCommand({
      TableName: table.runnerName,
      Item: { ...deadLetterKey('summaries', 'shard', '1'), record: JSON.stringify(record), error: 'none' },
    }),
  );
});
afterEach(() => Promise.all([table.drop(), database.close()]));

const say = (messageGroupUuid: string, sender: users.Person, message: string) =>
  messages.send(log, {
    messageGroupUuid,
    sender,
    message,
    idempotencyKey: `${sender === zoe ? 'zkey' : 'key'} ${randomUUID()}`,
  });

async function stored(name = table.name): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of scanPages(table, name)) items.push(...page);
  return items;
}

/** Everything that is stored, as text. */
async function everything(): Promise<string> {
  const { rows } = await database.pool.query('select * from users');
  return JSON.stringify([await stored(), await stored(table.runnerName), rows]);
}

async function records(): Promise<EntryRecord[]> {
  const found: EntryRecord[] = [];
  for (const uuid of [group, left, direct])
    for await (const page of entries.pages(table, uuid, { order: 'ascending' }))
      for (const entry of page) found.push({ entry, writtenAtMs: Date.now(), sequenceNumber: '' });
  return found;
}

async function project(some: EntryRecord[]) {
  expect(await createProjector(table).project(some)).toEqual(new Map());
}

const deleteSignIn = async (sub: string) => {
  deletedSubs.push(sub);
};
const begin = async () => (await erasures.begin(database.pool, zoe.uuid)) as erasures.Erasure;
const pass = (erasure: erasures.Erasure, on: Table = table) =>
  erase.pass(createLog(on, { batch: 'transactions' }), database.pool, erasure, {
    deleteSignIn,
    settledMs: 0,
  });

const kept = ({
  message_group_uuid,
  seq,
  type,
  message_uuid,
  user_uuid,
  created_at,
  message_count,
}: Entry) => ({
  ...{ message_group_uuid, seq, type, message_uuid, user_uuid, created_at, message_count },
});

test('only the seq, type, time and count of an erased person’s entries are left', async () => {
  const before = (await records()).map(({ entry }) => entry);
  expect(secretsIn(await everything()).length).toBeGreaterThan(8);
  expect(await pass(await begin())).toBe(true);
  expect(secretsIn(await everything())).toEqual([]);
  expect(deletedSubs).toEqual(['zsub']);
  const after = (await records()).map(({ entry }) => entry);
  const places = after.filter(({ message_uuid }) =>
    before.some((entry) => entry.message_uuid === message_uuid),
  );
  expect(places.map(kept)).toEqual(before.map(kept));
  expect(after.find((entry) => entry.seq === 2 && entry.message_group_uuid === direct)).toMatchObject({
    message: '',
    user_display_name: 'Deleted user',
    user_handle: `deleted-${zoe.uuid}`,
  });
  // Other people's texts are unchanged.
  const others = before.filter(({ user_uuid, type }) => user_uuid !== zoe.uuid && type === 'message');
  expect(after).toEqual(expect.arrayContaining(others));
});

test('an erased person leaves groups, which still have an admin, and stays in direct conversations', async () => {
  await pass(await begin());
  await project((await records()).slice(-1));
  const heads = summaries.createNewestEntries(table);
  expect(await summaries.get(table, heads, zoe.uuid, group)).toBeUndefined();
  const row = await summaries.get(table, heads, ada.uuid, direct);
  expect(row).toMatchObject({
    user_uuid: zoe.uuid,
    user_display_name: 'Deleted user',
    message: '',
    last_seq: 2,
  });
  const details = await messageGroups.get(table, heads, {
    userUuid: ada.uuid,
    messageGroupUuid: group,
    limit: 9,
  });
  expect(details.members.some(({ role }) => role === 'admin')).toBe(true);
  await project(await records());
  expect((await check(table, database.pool, { settleMs: [0] })).findings).toEqual([]);
});

test('a repeat changes nothing, and the tombstone keeps its first erased_at', async () => {
  const erasure = await begin();
  await pass(erasure);
  await project(await records());
  const before = JSON.parse(await everything());
  const again = await begin();
  expect(again.erased_at).toEqual(erasure.erased_at);
  await pass(again);
  expect(JSON.parse(await everything())).toEqual(before);
  expect(await erasures.unfinished(database.pool)).toEqual([]);
});

test('an erasure that stops after each single write is completed by later passes', async () => {
  const erasure = await begin();
  let passes = 0;
  for (let isFinished = false; !isFinished; passes += 1) {
    expect(passes).toBeLessThan(60);
    const [unfinished] = await erasures.unfinished(database.pool);
    isFinished = await pass(unfinished ?? erasure, failingAfter(1)).catch((error) => {
      if (error.message !== 'crash') throw error;
      return false;
    });
  }
  expect(passes).toBeGreaterThan(8);
  expect(secretsIn(await everything())).toEqual([]);
  await project(await records());
  expect((await check(table, database.pool, { settleMs: [0] })).findings).toEqual([]);
});

/** A table that fails every write after the first `writes`, as for a process that dies. */
function failingAfter(writes: number): Table {
  let left = writes;
  const doc = new Proxy(table.doc, {
    get: (target, name) =>
      name !== 'send'
        ? Reflect.get(target, name)
        : async (command: UpdateCommand) => {
            const kinds = [UpdateCommand, TransactWriteCommand, BatchExecuteStatementCommand, PutCommand];
            if (kinds.some((kind) => command instanceof kind)) left -= 1;
            if (left < 0) throw new Error('crash');
            return target.send(command);
          },
  });
  return { ...table, doc };
}

test('an erasure is not finished before a minute has passed, and the check reports one that stays unfinished', async () => {
  const erasure = await begin();
  const options = { deleteSignIn, settledMs: 60_000 };
  expect(await erase.pass(log, database.pool, erasure, options)).toBe(false);
  expect(await erasures.unfinished(database.pool)).toHaveLength(1);
  await project(await records());
  expect((await check(table, database.pool, { settleMs: [0] })).findings).toEqual([]);
  // A send that began before the erasure is found by the next pass.
  await say(direct, zoe, 'zanzibar 5');
  await project(await records());
  await database.pool.query("update users set erased_at = erased_at - interval '1 hour' where uuid = $1", [
    zoe.uuid,
  ]);
  const { findings } = await check(table, database.pool, { settleMs: [0] });
  expect(findings).toEqual([
    { invariant: 8, key: `users ${zoe.uuid}`, detail: expect.stringContaining('--unfinished') },
  ]);
  const [unfinished] = await erasures.unfinished(database.pool);
  expect(await erase.pass(log, database.pool, unfinished as erasures.Erasure, options)).toBe(true);
  await project(await records());
  expect(secretsIn(await everything())).toEqual([]);
  expect((await check(table, database.pool, { settleMs: [0] })).findings).toEqual([]);
});

test('the check finds data of an erased person anywhere', async () => {
  const before = (await records()).map(({ entry }) => entry);
  await pass(await begin());
  await project(await records());
  const said = before.find(({ message }) => message === 'zanzibar 1') as Entry;
  await table.doc.send(new PutCommand({ TableName: table.name, Item: entryItem(said) }));
  const spoil = (name: string, value: string) =>
    table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: summaryKey(ada.uuid, direct),
        UpdateExpression: `SET ${name} = :value`,
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  await spoil('user_handle', 'zoe');
  await spoil('message', 'zanzibar 4');
  const Item = {
    ...deadLetterKey('summaries', 'shard', '2'),
    record: JSON.stringify({ dynamodb: { OldImage: marshall(entryItem(said)) } }),
  };
  await table.doc.send(new PutCommand({ TableName: table.runnerName, Item }));
  const { findings } = await check(table, database.pool, { settleMs: [0] });
  expect(
    findings.map(({ invariant, key }) => `${invariant} ${key.split(' ')[0]?.split('#')[0]}`).sort(),
  ).toEqual(['3 GRP', '8 DEAD', '8 GRP', '8 MSG']);
  await pass(await begin());
  expect((await check(table, database.pool, { settleMs: [0] })).findings).toEqual([]);
});

describe('records of the stream', () => {
  test('do not bring a text back to any summary, in any order and with any repeats', async () => {
    const old = await records();
    await pass(await begin());
    const erased = (await records()).map((record) => ({ ...record, isModified: true }));
    const clean = await stored();
    const all = [...old, ...erased];
    const delivery = fc.array(fc.nat(all.length - 1), { maxLength: 12 }).chain((some) =>
      fc
        .shuffledSubarray(
          erased.map((_, index) => old.length + index),
          { minLength: erased.length },
        )
        .chain((every) =>
          fc.shuffledSubarray([...some, ...every], { minLength: some.length + every.length }),
        ),
    );
    await fc.assert(
      fc.asyncProperty(delivery, fc.nat(2), async (order, lastSeq) => {
        for (const item of clean)
          if (String(item.pk).startsWith('GRP#'))
            await table.doc.send(
              new PutCommand({
                TableName: table.name,
                Item: {
                  ...item,
                  last_seq: Math.min(lastSeq, item.last_seq as number),
                  sent_seq: 0,
                  message: '-',
                },
              }),
            );
        const projectors = [createProjector(table), createProjector(table)];
        for (const [turn, index] of order.entries()) {
          const record = all[index];
          if (record) await projectors[turn % 2]?.project([record]);
        }
        expect(secretsIn(JSON.stringify(await stored()))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test('show the erasure if a batch holds both an entry and its erasure', async () => {
    const old = await records();
    const initial = (await stored()).filter(({ pk }) => String(pk).startsWith('GRP#'));
    await pass(await begin());
    const erased = (await records()).map((record) => ({ ...record, isModified: true }));
    for (const Item of initial)
      await table.doc.send(
        new PutCommand({ TableName: table.name, Item: { ...Item, last_seq: 0, message: '-' } }),
      );
    await project([...erased, ...old]);
    const texts = (await stored())
      .filter(({ pk }) => String(pk).startsWith('GRP#'))
      .map(({ message }) => message);
    expect(secretsIn(texts.join())).toEqual([]);
  });

  test('are read again from the table if they are older than a minute', async () => {
    const old = (await records()).map((record) => ({ ...record, writtenAtMs: Date.now() - 61_000 }));
    const initial = (await stored()).filter(({ pk }) => String(pk).startsWith('GRP#'));
    await pass(await begin());
    for (const Item of initial)
      await table.doc.send(
        new PutCommand({
          TableName: table.name,
          Item: { ...Item, last_seq: 0, user_handle: 'x', user_display_name: 'x', message: '-' },
        }),
      );
    await project(old);
    expect(secretsIn(JSON.stringify(await stored()))).toEqual([]);
  });
});

describe('in Postgres', () => {
  test('an old token finds the tombstone, and a sign-up does not create the person again', async () => {
    for (const isFinished of [false, true]) {
      if (isFinished) await pass(await begin());
      else await begin();
      expect((await users.findBySub(database.pool, 'zsub'))?.erased_at).toBeInstanceOf(Date);
      const again = await users.insertFromSignUp(database.pool, { sub: 'zsub', preferredUsername: 'zed' });
      expect(again.uuid).toBe(zoe.uuid);
    }
  });

  test('nobody gets the handle of an erased person, and nobody finds them', async () => {
    await begin();
    expect(await users.findByHandle(database.pool, 'zoe')).toBeNull();
    expect(await search(database.pool, { prefix: 'del', limit: 9 })).toEqual([]);
    const other = await users.insertFromSignUp(database.pool, { sub: 'other', preferredUsername: 'ZOE' });
    expect(other.handle).not.toMatch(/^zoe$/i);
    expect(await users.insertPeople(database.pool, [{ handle: 'Zoe' }])).toEqual(new Map());
  });

  test('a person who has the tombstone’s handle gets another one', async () => {
    await database.pool.query('insert into users (handle, display_name) values ($1, $1)', [
      `Deleted-${zoe.uuid}`,
    ]);
    expect(await begin()).toMatchObject({ uuid: zoe.uuid });
    const { rows } = await database.pool.query('select handle from users where display_name = $1', [
      `Deleted-${zoe.uuid}`,
    ]);
    expect(rows).toEqual([{ handle: expect.stringMatching(/^user-[0-9a-f]{25}$/) }]);
    const names = await users.findNames(database.pool, [zoe.uuid]);
    expect(names.get(zoe.uuid)).toEqual({
      handle: `deleted-${zoe.uuid}`,
      display_name: 'Deleted user',
      tone: null,
    });
  });

  test('nothing of the name is left in the columns that searches compare', async () => {
    await begin();
    const { rows } = await database.pool.query(
      'select handle_folded, name_folded from users where uuid = $1',
      [zoe.uuid],
    );
    expect(rows).toEqual([{ handle_folded: '', name_folded: '' }]);
  });

  test('the migration gives another handle to a person with a reserved one', async () => {
    const insert = (handle: string, isErased = false) =>
      database.pool.query(
        `insert into users (uuid, handle, display_name, erased_at)
         values ($1, $2, 'migrated', case when $3 then now() end)`,
        [handle.slice(-36), handle, isErased],
      );
    const [tombstone, squatter, placeholder, honest] = [
      `deleted-${randomUUID()}`,
      `DELETED-${randomUUID()}`,
      `missing-${randomUUID()}`,
      `undeleted-${randomUUID()}`,
    ];
    await insert(tombstone, true);
    for (const handle of [squatter, placeholder, honest]) await insert(handle);
    const file = new URL('../../../db/migrations/0004_reserved_handles.sql', import.meta.url);
    await database.pool.query(await readFile(file, 'utf8'));
    const { rows } = await database.pool.query<{ handle: string }>(
      "select handle from users where display_name = 'migrated'",
    );
    const handles = rows.map(({ handle }) => handle);
    expect(handles).toEqual(expect.arrayContaining([tombstone, placeholder, honest]));
    expect(handles).toContainEqual(expect.stringMatching(/^user-[0-9a-f]{25}$/));
    expect(handles).toHaveLength(4);
  });

  test('a person who does not exist cannot be erased', async () => {
    expect(await erasures.begin(database.pool, randomUUID())).toBeNull();
  });
});

test('an export that is made during an erasure holds none of the person’s data', async () => {
  await begin();
  const lines: string[] = [];
  for await (const line of exporting.everything(table, database.pool)) lines.push(line);
  const conversation = await exporting.conversation(table, database.pool, direct);
  for await (const line of conversation ?? []) lines.push(line);
  expect(lines.length).toBeGreaterThan(20);
  expect(secretsIn(lines.join('\n'))).toEqual([]);
});

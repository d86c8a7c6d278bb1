import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { check } from '../audit/check.ts';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { conversationUuid } from '../conversations/uuids.ts';
import * as erase from '../erasure/erase.ts';
import * as erasures from '../erasure/erasures.ts';
import * as summaries from '../inbox/summaries.ts';
import * as entries from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import { createProjector } from '../projections/projector.ts';
import type { Table } from '../table/client.ts';
import { entryKey, summaryKey } from '../table/keys.ts';
import * as exporting from './export.ts';
import type { Manifest } from './export-format.ts';
import { person } from './export-person.ts';
import { importMessages } from './import.ts';
import type { Line } from './import-plan.ts';
import { restore } from './restore.ts';

const corpus = process.env.PARLEY_CORPUS ?? '../shared/data/ubuntu-irc/train.jsonl.gz';

type TestTable = Awaited<ReturnType<typeof createTestTable>>;
let table: TestTable;
let other: TestTable;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeEach(async () => {
  [table, other, database] = await Promise.all([createTestTable(), createTestTable(), createTestDatabase()]);
});
afterEach(() => Promise.all([table.drop(), other.drop(), database.close()]));

const linesOf = (texts: string[]) =>
  async function* (): AsyncGenerator<Line> {
    for (const [index, text] of texts.entries()) yield { number: index + 1, text };
  };

async function read(lines: AsyncIterable<string> | undefined) {
  const texts: string[] = [];
  for await (const text of lines ?? []) texts.push(text);
  return { texts, manifest: JSON.parse(texts.at(-1) ?? '{}') as Manifest };
}

const exportAll = (from: Table) => read(exporting.everything(from, database.pool));

/** Another Postgres: this worker's database, emptied. */
const emptyDatabase = () => database.pool.query('delete from users; delete from retired_handles');

/** A system with every kind of entry, a person who came back, one who left, a read position and a setting. */
async function converse() {
  const log = createLog(table, { batch: 'transactions' });
  const people = await users.insertPeople(
    database.pool,
    ['ada', 'bob', 'eve', 'dan'].map((handle) => ({ handle })),
  );
  const [ada, bob, eve, dan] = ['ada', 'bob', 'eve', 'dan'].map((handle) => people.get(handle)) as [
    users.Person,
    users.Person,
    users.Person,
    users.Person,
  ];
  await users.insertFromSignUp(database.pool, {
    sub: 'a sub',
    preferredUsername: 'sue',
    email: 'sue@example.com',
  });
  await users.disable(database.pool, dan.uuid);
  const created = await messageGroups.create(log, { creator: ada, title: 'tea', people: [bob, eve, dan] });
  const group = created.group.message_group_uuid;
  const about = { messageGroupUuid: group, actor: ada };
  const say = (sender: users.Person, message: string) =>
    messages.send(log, { messageGroupUuid: group, sender, message, idempotencyKey: message });
  await say(bob, 'hello “you” \u2028 👩‍💻');
  await messageGroups.rename(log, { ...about, title: 'green tea' });
  await messageGroups.removeMember(log, { ...about, person: bob });
  await messageGroups.removeMember(log, { ...about, person: eve });
  await messageGroups.addMembers(log, { ...about, people: [bob] });
  await messageGroups.setRole(log, { ...about, person: dan, role: 'admin' });
  for (let index = 0; index < 230; index += 1) await say(index % 3 ? ada : dan, `message ${index}`);
  await messages.sendDirect(log, { sender: ada, recipient: bob, message: 'psst' });
  await messages.sendDirect(log, { sender: bob, recipient: ada, message: 'what?' });
  const direct = conversationUuid(ada.uuid, bob.uuid);
  for (const uuid of [group, direct]) await project(table, uuid);
  await summaries.markRead(table, { userUuid: bob.uuid, messageGroupUuid: group, seq: 100 });
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: summaryKey(ada.uuid, group),
      UpdateExpression: 'SET muted_until = :value, tags = :tags',
      ExpressionAttributeValues: { ':value': '2030-01-01T00:00:00.000Z', ':tags': { b: [1], a: 'x' } },
    }),
  );
  return { log, group, direct, ada, bob, eve, dan };
}

async function project(on: Table, uuid: string) {
  const records = [];
  for await (const page of entries.pages(on, uuid, { order: 'ascending' }))
    for (const entry of page) records.push({ entry, writtenAtMs: Date.now(), sequenceNumber: '' });
  expect(await createProjector(on).project(records)).toEqual(new Map());
}

const faultsOf = async (on: Table) => (await check(on, database.pool, { settleMs: [0] })).findings;

test('a restored system has the hash of the original, its invariants hold, and it can be used', async () => {
  const { group, direct, bob } = await converse();
  const { texts, manifest } = await exportAll(table);
  expect(manifest).toMatchObject({
    people: 5,
    conversations: 2,
    members: 5,
    entries: 239,
    retired_handles: 0,
  });
  await emptyDatabase();
  const result = await restore(other, database.pool, linesOf(texts));
  expect(result).toMatchObject({
    written: 239,
    erased: 0,
    refusedPeople: [],
    refusedConversations: [],
    isStopped: false,
  });
  expect((await exportAll(other)).manifest).toEqual(manifest);
  expect(await faultsOf(other)).toEqual([]);
  // The restored entries also come through the stream, like any others.
  for (const uuid of [group, direct]) await project(other, uuid);
  expect((await exportAll(other)).manifest).toEqual(manifest);
  const log = createLog(other, { batch: 'statements' });
  const again = await messages.send(log, { messageGroupUuid: direct, sender: bob, message: 'still here' });
  expect(again.seq).toBe(3);
  const row = await summaries.get(other, summaries.createNewestEntries(other), bob.uuid, group);
  expect(row).toMatchObject({ read_seq: 100, last_seq: 237 });
});

test('the hash does not depend on the order of conversations, and differs after any change', async () => {
  const { group, bob } = await converse();
  const { texts, manifest } = await exportAll(table);
  const again = await exportAll(table);
  expect(again.manifest.sha256).toBe(manifest.sha256);
  // A part of the lines, in another order.
  const state = texts.slice(1, -1);
  const ofGroup = state.filter((text) => text.includes(group));
  const others = state.filter((text) => !text.includes(group));
  const people = others.filter((text) => text.includes('"line":"person"'));
  const direct = others.filter((text) => !text.includes('"line":"person"'));
  const shuffled = [texts[0] ?? '', ...people, ...ofGroup, ...direct, texts.at(-1) ?? ''];
  await emptyDatabase();
  expect((await restore(other, database.pool, linesOf(shuffled))).manifest.sha256).toBe(manifest.sha256);
  await summaries.markRead(table, { userUuid: bob.uuid, messageGroupUuid: group, seq: 101 });
  expect((await exportAll(table)).manifest.sha256).not.toBe(manifest.sha256);
});

test('a restore that stops after every few writes continues, with the same result', async () => {
  const { group } = await converse();
  const { texts, manifest } = await exportAll(table);
  await emptyDatabase();
  let runs = 0;
  for (let isDone = false; !isDone && runs < 60; runs += 1) {
    const crashing = crashingAfter(other, 1);
    isDone = await restore(crashing, database.pool, linesOf(texts)).then(
      () => true,
      (error) => {
        if (error.message !== 'crash') throw error;
        return false;
      },
    );
  }
  expect(runs).toBeGreaterThan(3);
  expect(runs).toBeLessThan(60);
  expect((await exportAll(other)).manifest).toEqual(manifest);
  expect(await faultsOf(other)).toEqual([]);
  // A repeat finds everything and writes nothing.
  expect((await restore(other, database.pool, linesOf(texts))).written).toBe(0);
  expect(await entries.newest(other, group)).toMatchObject({ seq: 237 });
});

/** A table that fails every transaction after the first ones, as for a process that dies. */
function crashingAfter(on: TestTable, transactions: number): Table {
  let left = transactions;
  const doc = new Proxy(on.doc, {
    get: (target, name) =>
      name !== 'send'
        ? Reflect.get(target, name)
        : async (command: TransactWriteCommand) => {
            if (!(command instanceof TransactWriteCommand)) return target.send(command);
            // Refused transactions are those that an earlier run wrote.
            if (left <= 0) throw new Error('crash');
            const answer = await target.send(command);
            left -= 1;
            return answer;
          },
  });
  return { ...on, doc };
}

test('a file that is cut, changed or not an export of conversations writes nothing', async () => {
  const { ada } = await converse();
  const { texts } = await exportAll(table);
  await emptyDatabase();
  const lies = texts.map((text) => text.replace('message 17"', 'message 18"'));
  const user = { ...ada, bio: '', email: null } as users.User;
  const faulty: [string[], RegExp][] = [
    [texts.slice(0, -1), /cut/],
    [texts.filter((_, index) => index !== 20), /does not match its manifest/],
    [lies, /does not match its manifest/],
    [texts.map((text) => text.replace('"version":1', '"version":2')), /version 2/],
    [texts.slice(1), /first line/],
    [[...texts, texts[3] ?? ''], /manifest must be the last/],
    [['{"line":"export"', ...texts], /not JSON/],
    [(await read(person(table, database.pool, user))).texts, /person's own export/],
  ];
  for (const [lines, message] of faulty)
    await expect(restore(other, database.pool, linesOf(lines))).rejects.toThrow(message);
  expect((await exportAll(other)).manifest).toMatchObject({ people: 0, entries: 0 });
});

test('nothing is overwritten: a system in use gets what is missing, and a different log is left alone', async () => {
  const { log, group, direct, ada, bob } = await converse();
  const { texts } = await exportAll(table);
  const newer = await messages.send(log, { messageGroupUuid: group, sender: ada, message: 'newer' });
  await project(table, group);
  const before = (await exportAll(table)).manifest;
  expect(await restore(table, database.pool, linesOf(texts))).toMatchObject({
    written: 0,
    refusedConversations: [],
  });
  expect((await exportAll(table)).manifest).toEqual(before);
  expect(newer.seq).toBe(238);
  // In the other system the two have a different conversation.
  const elsewhere = createLog(other, { batch: 'transactions' });
  await messages.sendDirect(elsewhere, { sender: bob, recipient: ada, message: 'another beginning' });
  const result = await restore(other, database.pool, linesOf(texts));
  expect(result).toMatchObject({ written: 237, refusedConversations: [direct] });
  expect(await entries.newest(other, direct)).toMatchObject({ message: 'another beginning' });
});

test('a handle that another person has here is reported, and no conversation is restored', async () => {
  await converse();
  const { texts } = await exportAll(table);
  await emptyDatabase();
  await users.insertPeople(database.pool, [{ handle: 'BOB' }]);
  const result = await restore(other, database.pool, linesOf(texts));
  expect(result.refusedPeople).toMatchObject([{ handle: 'bob' }]);
  expect(result.written).toBe(0);
});

test('one conversation is exported with the people in it, and restored', async () => {
  const { direct, ada, bob } = await converse();
  const { texts, manifest } = await read(await exporting.conversation(table, database.pool, direct));
  expect(manifest).toMatchObject({ people: 2, conversations: 1, members: 2, entries: 2 });
  await emptyDatabase();
  expect(await restore(other, database.pool, linesOf(texts))).toMatchObject({ written: 2 });
  const restored = await read(await exporting.conversation(other, database.pool, direct));
  expect(restored.manifest).toEqual(manifest);
  expect((await users.findNames(database.pool, [ada.uuid, bob.uuid])).size).toBe(2);
  expect(await exporting.conversation(table, database.pool, ada.uuid)).toBeUndefined();
});

test('a person’s own export holds their own data, and of others only what they can see', async () => {
  const { bob, eve, group, direct } = await converse();
  const own = async ({ uuid }: users.Person) => {
    const user = (await users.findByUuid(database.pool, uuid)) as users.User;
    const { texts } = await read(person(table, database.pool, user));
    return texts.map((text) => JSON.parse(text));
  };
  const ofBob = await own(bob);
  expect(ofBob[0]).toMatchObject({ line: 'export', scope: 'person' });
  expect(ofBob[1]).toMatchObject({ line: 'person', handle: 'bob' });
  expect(ofBob.filter(({ line }) => line === 'conversation')).toHaveLength(2);
  expect(ofBob.find(({ kind }) => kind === 'direct')).toMatchObject({ with: { handle: 'ada' } });
  const said = ofBob
    .filter(({ line }) => line === 'entry')
    .map((entry) => [entry.message_group_uuid, entry.message]);
  expect(said.sort()).toEqual(
    [
      [group, 'hello “you” \u2028 👩‍💻'],
      [direct, 'what?'],
    ].sort(),
  );
  // Eve was removed, so her export holds nothing of the group.
  const ofEve = await own(eve);
  expect(ofEve.map(({ line }) => line)).toEqual(['export', 'person', 'manifest']);
});

test('an export from before an erasure does not bring a text back', async () => {
  const { log, ada, direct, group } = await converse();
  const { texts } = await exportAll(table);
  const erasure = (await erasures.begin(database.pool, ada.uuid)) as erasures.Erasure;
  const options = { deleteSignIn: async () => {}, settledMs: 0 };
  await erase.pass(log, database.pool, erasure, options);
  const old = await restore(table, database.pool, linesOf(texts));
  expect(old.written).toBe(0);
  // The table is lost, Postgres is not.
  const result = await restore(other, database.pool, linesOf(texts));
  expect(result.erased).toBeGreaterThan(150);
  const log2: entries.Entry[] = [];
  for (const uuid of [group, direct])
    for await (const page of entries.pages(other, uuid, { order: 'ascending' })) log2.push(...page);
  const ofAda = log2.filter(({ user_uuid }) => user_uuid === ada.uuid);
  expect(ofAda.filter(({ type, message }) => type === 'message' && message !== '')).toEqual([]);
  expect(ofAda.every(({ user_handle }) => user_handle === `deleted-${ada.uuid}`)).toBe(true);
  // She left the group, which added an entry.
  await project(other, group);
  expect(await faultsOf(other)).toEqual([]);
});

test('a person who is erased while a restore writes what they said is erased from that, too', async () => {
  const { ada, group } = await converse();
  const { texts } = await exportAll(table);
  const log = createLog(other, { batch: 'transactions' });
  const options = { deleteSignIn: async () => {}, settledMs: 0 };
  let reads = 0;
  const lines = async function* (): AsyncGenerator<Line> {
    reads += 1;
    for await (const line of linesOf(texts)()) {
      yield line;
      // After the person's messages are written, and before the members by whom an erasure finds a conversation.
      if (reads < 3 || line.number !== 150) continue;
      const erasure = (await erasures.begin(database.pool, ada.uuid)) as erasures.Erasure;
      expect(await erase.pass(log, database.pool, erasure, options)).toBe(true);
    }
  };
  await restore(other, database.pool, lines);
  expect(reads).toBe(3);
  for (const erasure of await erasures.unfinished(database.pool))
    await erase.pass(log, database.pool, erasure, options);
  expect(await erasures.unfinished(database.pool)).toEqual([]);
  await project(other, group);
  expect(await faultsOf(other)).toEqual([]);
  const said: string[] = [];
  for await (const page of entries.pages(other, group, { order: 'ascending' }))
    for (const entry of page)
      if (entry.user_uuid === ada.uuid && entry.type === 'message') said.push(entry.message);
  expect(said.filter(Boolean)).toEqual([]);
});

test('a person who is erased here leaves the groups that an older export brings back', async () => {
  const { log, ada, group } = await converse();
  const { texts } = await exportAll(table);
  const options = { deleteSignIn: async () => {}, settledMs: 0 };
  await erase.pass(
    log,
    database.pool,
    (await erasures.begin(database.pool, ada.uuid)) as erasures.Erasure,
    options,
  );
  await restore(other, database.pool, linesOf(texts));
  const restored = createLog(other, { batch: 'transactions' });
  for (const erasure of await erasures.unfinished(database.pool))
    await erase.pass(restored, database.pool, erasure, options);
  expect((await members.roster(other, group)).members.map(({ user_uuid }) => user_uuid)).not.toContain(
    ada.uuid,
  );
  await project(other, group);
  expect(await faultsOf(other)).toEqual([]);
});

test('a person who was erased in the exported system is erased in the restored one', async () => {
  const { log, ada } = await converse();
  const before = await exportAll(table);
  const erasure = (await erasures.begin(database.pool, ada.uuid)) as erasures.Erasure;
  await erase.pass(log, database.pool, erasure, { deleteSignIn: async () => {}, settledMs: 0 });
  const after = await exportAll(table);
  expect(after.manifest.retired_handles).toBe(1);
  await emptyDatabase();
  await restore(other, database.pool, linesOf(before.texts));
  await restore(other, database.pool, linesOf(after.texts));
  expect(await users.findByHandle(database.pool, 'ada')).toBeNull();
  const [unfinished] = await erasures.unfinished(database.pool);
  expect(unfinished?.uuid).toBe(ada.uuid);
  expect(await users.insertPeople(database.pool, [{ handle: 'Ada' }])).toEqual(new Map());
});

test('a log without a group item is exported as it is', async () => {
  const { group } = await converse();
  const first = await entries.get(table, group, 1);
  const uuid = '00000000-0000-4000-8000-000000000001';
  const { message_group_uuid: _, seq: __, ...attributes } = first as entries.Entry;
  await table.doc.send(
    new PutCommand({ TableName: table.name, Item: { ...attributes, ...entryKey(uuid, 1) } }),
  );
  const { texts, manifest } = await exportAll(table);
  await emptyDatabase();
  await restore(other, database.pool, linesOf(texts));
  expect((await exportAll(other)).manifest).toEqual(manifest);
});

/** DynamoDB Local writes at a tenth of the speed. */
const roomCount = process.env.TEST_DYNAMODB_LOCAL_JAR ? 1 : 12;
const onCorpus = existsSync(corpus) ? test : test.skip;
if (!existsSync(corpus)) console.warn(`${corpus} is absent: the export of the real corpus is not tested`);

onCorpus(
  'the real corpus is restored to the same hash',
  async () => {
    const rooms = new Set<string>();
    const texts = gunzipSync(readFileSync(corpus)).toString().trimEnd().split('\n');
    // Only the first rooms, which have every kind of text and take a tenth of the time.
    const some = texts.filter((text) => rooms.add(JSON.parse(text).room).size <= roomCount);
    const { done } = await importMessages(table, database.pool, linesOf(some), { messageMaxChars: 1_024 });
    const { texts: lines, manifest } = await exportAll(table);
    expect(manifest.entries).toBeGreaterThan(done);
    expect(manifest.conversations).toBe(roomCount);
    await emptyDatabase();
    expect((await restore(other, database.pool, linesOf(lines))).written).toBe(manifest.entries);
    expect((await exportAll(other)).manifest).toEqual(manifest);
    expect(await faultsOf(other)).toEqual([]);
  },
  240_000,
);

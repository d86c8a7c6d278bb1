import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { check } from '../audit/check.ts';
import * as messages from '../conversations/messages.ts';
import * as summaries from '../inbox/summaries.ts';
import * as entries from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { entryKey } from '../table/keys.ts';
import * as exporting from './export.ts';
import { person } from './export-person.ts';
import { importMessages } from './import.ts';
import { restore } from './restore.ts';
import * as fixture from './testing/conversations.ts';
import { linesOf, project, readExport } from './testing/conversations.ts';

const corpus = process.env.PARLEY_CORPUS ?? '../shared/data/ubuntu-irc/train.jsonl.gz';

type TestTable = Awaited<ReturnType<typeof createTestTable>>;
let table: TestTable;
let other: TestTable;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeEach(async () => {
  [table, other, database] = await Promise.all([createTestTable(), createTestTable(), createTestDatabase()]);
});
afterEach(() => Promise.all([table.drop(), other.drop(), database.close()]));

const converse = () => fixture.converse(table, database.pool);
const exportAll = (from: Table) => fixture.exportAll(from, database.pool);
const emptyDatabase = () => fixture.emptyDatabase(database.pool);
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

test('one conversation is exported with the people in it, and restored', async () => {
  const { direct, ada, bob } = await converse();
  const { texts, manifest } = await readExport(await exporting.conversation(table, database.pool, direct));
  expect(manifest).toMatchObject({ people: 2, conversations: 1, members: 2, entries: 2 });
  await emptyDatabase();
  expect(await restore(other, database.pool, linesOf(texts))).toMatchObject({ written: 2 });
  const restored = await readExport(await exporting.conversation(other, database.pool, direct));
  expect(restored.manifest).toEqual(manifest);
  expect((await users.findNames(database.pool, [ada.uuid, bob.uuid])).size).toBe(2);
  expect(await exporting.conversation(table, database.pool, ada.uuid)).toBeUndefined();
});

test('a person’s own export holds their own data, and of others only what they can see', async () => {
  const { bob, eve, group, direct } = await converse();
  const own = async ({ uuid }: users.Person) => {
    const user = (await users.findByUuid(database.pool, uuid)) as users.User;
    const { texts } = await readExport(person(table, database.pool, user));
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

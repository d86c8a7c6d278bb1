import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { check } from '../audit/check.ts';
import * as messages from '../conversations/messages.ts';
import * as erase from '../erasure/erase.ts';
import * as erasures from '../erasure/erasures.ts';
import * as entries from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { person } from './export-person.ts';
import type { Line } from './import-plan.ts';
import { restore } from './restore.ts';
import * as fixture from './testing/conversations.ts';
import { linesOf, project, readExport } from './testing/conversations.ts';

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
    [(await readExport(person(table, database.pool, user))).texts, /person's own export/],
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

test('a restore that is stopped reports what it has done, and the next one completes it', async () => {
  const { group } = await converse();
  const { texts, manifest } = await exportAll(table);
  await emptyDatabase();
  const stopping = new AbortController();
  const reported: number[] = [];
  const onProgress = ({ total, done }: { total: number; done: number }) => {
    expect(total).toBe(manifest.entries);
    reported.push(done);
    stopping.abort();
  };
  const stopped = await restore(other, database.pool, linesOf(texts), {
    onProgress,
    signal: stopping.signal,
  });
  expect(stopped).toMatchObject({ isStopped: true });
  expect(stopped.written).toBeLessThan(manifest.entries);
  expect(await members.group(other, group)).toBeUndefined();
  const rest = await restore(other, database.pool, linesOf(texts), {
    onProgress: ({ done }) => void reported.push(done),
  });
  expect(stopped.written + rest.written).toBe(manifest.entries);
  expect(reported.at(-1)).toBe(manifest.entries);
  expect((await exportAll(other)).manifest).toEqual(manifest);
});

test('the error of one conversation ends a restore, and the next one completes it', async () => {
  await converse();
  const { texts, manifest } = await exportAll(table);
  await emptyDatabase();
  const failing = crashingAfter(other, 0);
  await expect(restore(failing, database.pool, linesOf(texts))).rejects.toThrow('crash');
  expect((await restore(other, database.pool, linesOf(texts))).written).toBe(manifest.entries);
  expect(await faultsOf(other)).toEqual([]);
});

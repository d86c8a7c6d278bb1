import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, setAttribute } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import type { Entry, Person } from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import { createProjector } from '../projections/projector.ts';
import { entryKey, type Key, leftKey, memberKey, summaryKey } from '../table/keys.ts';
import { insertFourPeople } from '../testing/people.ts';
import { projectStored } from '../testing/project-stored.ts';
import { check } from './check.ts';
import { repair, repairSummaries } from './repair.ts';

const settleMs = [0];
let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let log: Log;
let ada: Person;
let bob: Person;
let eve: Person;
let dan: Person;
let group: string;
let direct: string;

beforeAll(async () => {
  database = await createTestDatabase();
  [ada, bob, eve, dan] = await insertFourPeople(database.pool);
});
afterAll(() => database.close());

/** A group in which Bob came back and Dan left, and a direct conversation, with their summaries up to date. */
beforeEach(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
  const roster = await messageGroups.create(log, { creator: ada, title: 'tea', people: [bob, eve, dan] });
  group = roster.group.message_group_uuid;
  const about = { messageGroupUuid: group, actor: ada };
  await messages.send(log, { messageGroupUuid: group, sender: bob, message: 'hello' });
  await messageGroups.removeMember(log, { ...about, person: bob });
  await messageGroups.removeMember(log, { ...about, person: dan });
  await messageGroups.addMembers(log, { ...about, people: [bob] });
  await messages.send(log, { messageGroupUuid: group, sender: eve, message: 'x'.repeat(300) });
  const first = await messages.sendDirect(log, { sender: ada, recipient: bob, message: 'hi' });
  await messages.sendDirect(log, { sender: bob, recipient: ada, message: 'hi yourself' });
  direct = first.message_group_uuid;
  await projectStored(table);
});
afterEach(() => table.drop());

const put = (Item: Record<string, unknown>) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item }));
const remove = (Key: Key) => table.doc.send(new DeleteCommand({ TableName: table.name, Key }));
const set = (key: Key, name: string, value: unknown) => setAttribute(table, key, name, value);
async function get(Key: Key) {
  const { Item } = await table.doc.send(new GetCommand({ TableName: table.name, Key, ConsistentRead: true }));
  return Item;
}
const findings = async () => (await check(table, database.pool, { settleMs })).findings;
const untouched = { rewritten: 0, created: 0, deleted: 0 };

/** The table, but some writes are refused as by a busy table. */
const withRefusals = (isRefused: (command: unknown) => boolean) =>
  withSend(table, async (command, send) => {
    const isUpdate = command instanceof UpdateCommand;
    if (!(isUpdate || command instanceof TransactWriteCommand) || !isRefused(command)) return send(command);
    const about = { $metadata: {}, message: 'busy' };
    if (isUpdate) throw new ConditionalCheckFailedException(about);
    throw new TransactionCanceledException({
      ...about,
      CancellationReasons: command.input.TransactItems?.map(() => ({ Code: 'ThrottlingError' })),
    });
  });

test('a correct summary is not written, even if it is a suspect', async () => {
  let writes = 0;
  const counted = withSend(table, (command, send) => {
    if (command instanceof UpdateCommand || command instanceof TransactWriteCommand) writes += 1;
    return send(command);
  });
  const conversations = [group, direct].map((messageGroupUuid) => ({ messageGroupUuid, mark: 9 }));
  const repaired = await repair(counted, undefined, { conversations, orphans: [], strangers: [] });
  expect(repaired).toEqual({ ...untouched, placeholders: 0, findings: [], unsettled: 0 });
  expect(writes).toBe(0);
});

test('a repair counts what it rewrites, creates and deletes, and keeps the settings of a summary', async () => {
  await set(summaryKey(ada.uuid, group), 'message', 'lies');
  await set(summaryKey(ada.uuid, group), 'muted', true);
  await set(summaryKey(bob.uuid, group), 'message_count', 9);
  await remove(summaryKey(eve.uuid, group));
  await put({ ...summaryKey(dan.uuid, group), kind: 'group', last_seq: 1, last_message_at: 'x' });
  expect(await repairSummaries(table, { settleMs })).toEqual({ rewritten: 2, created: 1, deleted: 1 });
  expect(await get(summaryKey(ada.uuid, group))).toMatchObject({
    message: expect.stringMatching(/^x+$/),
    muted: true,
  });
  expect(await get(summaryKey(dan.uuid, group))).toBeUndefined();
  expect(await findings()).toEqual([]);
  expect(await repairSummaries(table, { settleMs })).toEqual(untouched);
});

test('a missing LEFT# item is written again', async () => {
  await remove(leftKey(dan.uuid, group));
  expect(await repairSummaries(table, { settleMs })).toEqual(untouched);
  expect(await get(leftKey(dan.uuid, group))).toEqual(leftKey(dan.uuid, group));
  expect(await findings()).toEqual([]);
});

test('a broken log is left alone with its summaries, and stays a finding', async () => {
  await set(summaryKey(ada.uuid, group), 'message', 'lies');
  await remove(entryKey(group, 2));
  const { suspects } = await check(table, undefined, { settleMs });
  const repaired = await repair(table, undefined, suspects);
  expect(repaired).toMatchObject({ ...untouched, unsettled: 0 });
  expect(repaired.findings.map(({ invariant }) => invariant)).toContain(1);
  expect(await get(summaryKey(ada.uuid, group))).toMatchObject({ message: 'lies' });
});

test('the summary of a person who became a member meanwhile is not deleted', async () => {
  const summary = await get(summaryKey(bob.uuid, group));
  const member = await get(memberKey(group, bob.uuid));
  await remove(memberKey(group, bob.uuid));
  const { suspects } = await check(table, undefined, { settleMs });
  expect(suspects.orphans).toMatchObject([{ userUuid: bob.uuid, messageGroupUuid: group }]);
  await put({ ...member });
  expect(await repair(table, undefined, { ...suspects, conversations: [] })).toMatchObject({ deleted: 0 });
  expect(await get(summaryKey(bob.uuid, group))).toEqual(summary);
});

test('a summary that moved between the read and the write is not set back', async () => {
  await set(summaryKey(bob.uuid, group), 'message', 'lies');
  let newer: Entry | undefined;
  const moving = withSend(table, async (command, send) => {
    if (command instanceof UpdateCommand && !newer) {
      newer = await messages.send(log, { messageGroupUuid: group, sender: eve, message: 'newer' });
      await createProjector(table).project([{ entry: newer, writtenAtMs: Date.now(), sequenceNumber: '' }]);
    }
    return send(command);
  });
  await repairSummaries(moving, { settleMs });
  expect(await get(summaryKey(bob.uuid, group))).toMatchObject({ message: 'newer', last_seq: newer?.seq });
  expect(await findings()).toEqual([]);
});

test('a member who comes back has read their own earlier messages, and a missing summary begins where they joined', async () => {
  await remove(summaryKey(bob.uuid, group));
  await repairSummaries(table, { settleMs });
  const { findings } = await check(table, database.pool, { settleMs });
  expect(findings).toEqual([]);
});

test('a repair that the table refused is not reported as done', async () => {
  await set(summaryKey(bob.uuid, group), 'message', 'lies');
  await remove(summaryKey(bob.uuid, direct));
  let refusals = 0;
  const busy = withRefusals((command) => {
    const isWrite = command instanceof UpdateCommand || command instanceof TransactWriteCommand;
    if (isWrite) refusals += 1;
    return isWrite;
  });
  await expect(repairSummaries(busy, { settleMs })).rejects.toThrow('could not be repaired yet');
  expect(refusals).toBeGreaterThan(2);
  let isFirst = true;
  const hiccup = withRefusals(() => {
    const wasFirst = isFirst;
    isFirst = false;
    return wasFirst;
  });
  expect(await repairSummaries(hiccup, { settleMs })).toEqual({ rewritten: 1, created: 1, deleted: 0 });
  expect((await check(table, database.pool, { settleMs })).findings).toEqual([]);
});

test('a summary that is inserted with a lost answer while the projector moves on is moved to the newest entry', async () => {
  await remove(summaryKey(bob.uuid, group));
  let repeats = 0;
  const lossy = withSend(table, async (command, send) => {
    if (!(command instanceof TransactWriteCommand) || repeats > 0) return send(command);
    repeats += 1;
    const entry = await messages.send(log, { messageGroupUuid: group, sender: eve, message: 'meanwhile' });
    await createProjector(table).project([{ entry, writtenAtMs: Date.now(), sequenceNumber: '' }]);
    await send(command);
    return send(command);
  });
  await repairSummaries(lossy, { settleMs });
  expect(repeats).toBe(1);
  expect((await check(table, database.pool, { settleMs })).findings).toEqual([]);
});

test('a repair that dies after each single write is completed by later ones', async () => {
  for (const { uuid } of [ada, bob, eve]) await set(summaryKey(uuid, group), 'message', 'lies');
  await remove(summaryKey(bob.uuid, direct));
  await put({ ...summaryKey(dan.uuid, direct), kind: 'direct', last_seq: 1, last_message_at: 'x' });
  let runs = 0;
  for (let isDone = false; !isDone; runs += 1) {
    let writes = 0;
    const dying = withRefusals((command) => {
      if (!(command instanceof UpdateCommand || command instanceof TransactWriteCommand)) return false;
      writes += 1;
      if (writes > 1) throw new Error('crash');
      return false;
    });
    isDone = await repairSummaries(dying, { settleMs }).then(
      () => true,
      (error) => {
        if (error.message !== 'crash') throw error;
        return false;
      },
    );
  }
  expect(runs).toBe(5);
  expect((await check(table, database.pool, { settleMs })).findings).toEqual([]);
});

test('a rewrite that the table refused is repeated', async () => {
  await set(summaryKey(bob.uuid, group), 'message', 'lies');
  let refusals = 0;
  const hiccup = withRefusals(() => {
    refusals += 1;
    return refusals === 1;
  });
  expect(await repairSummaries(hiccup, { settleMs })).toEqual({ ...untouched, rewritten: 1 });
  expect(await findings()).toEqual([]);
});

test('a summary that is created while the projector moves on is moved to the newest entry', async () => {
  await remove(summaryKey(bob.uuid, group));
  let newer: Entry | undefined;
  const moving = withSend(table, async (command, send) => {
    if (command instanceof TransactWriteCommand && !newer) {
      newer = await messages.send(log, { messageGroupUuid: group, sender: eve, message: 'newer' });
      await createProjector(table).project([{ entry: newer, writtenAtMs: Date.now(), sequenceNumber: '' }]);
    }
    return send(command);
  });
  expect(await repairSummaries(moving, { settleMs })).toEqual({ ...untouched, created: 1, rewritten: 1 });
  expect(await get(summaryKey(bob.uuid, group))).toMatchObject({ last_seq: newer?.seq });
});

import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import fc from 'fast-check';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import { person } from '../testing/people.ts';
import { createProjector } from './projector.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
beforeAll(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
});
afterAll(() => table.drop());

const [ada, bob, eve, dan] = [person('ada'), person('bob'), person('eve'), person('dan')] as const;

async function recordsOf(messageGroupUuid: string): Promise<EntryRecord[]> {
  const records: EntryRecord[] = [];
  for await (const page of entries.pages(table, messageGroupUuid, { order: 'ascending' })) {
    for (const entry of page)
      records.push({ entry, writtenAtMs: Date.now(), sequenceNumber: `${entry.seq}` });
  }
  return records;
}

async function storedSummaries(): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await table.doc.send(
    new ScanCommand({
      TableName: table.name,
      ConsistentRead: true,
      FilterExpression: 'begins_with(pk, :summaries)',
      ExpressionAttributeValues: { ':summaries': 'GRP#' },
    }),
  );
  return Items;
}

async function restore(items: Record<string, unknown>[]) {
  for (const { pk, sk } of await storedSummaries()) {
    await table.doc.send(new DeleteCommand({ TableName: table.name, Key: { pk, sk } }));
  }
  for (const Item of items) await table.doc.send(new PutCommand({ TableName: table.name, Item }));
}

/** The inbox row of each member. */
async function shown() {
  const all = (await storedSummaries()).map(summaries.summaryFromItem);
  return all
    .map((summary) => ({
      user: summary.user,
      title: summary.title,
      message: summary.message,
      sender: summary.sender_uuid,
      at: summary.last_message_at,
      last_seq: summary.last_seq,
      unread: summaries.unreadCount(summary),
      read: summaries.readPosition(summary).seq,
    }))
    .sort((one, other) => (one.user < other.user ? -1 : 1));
}

describe('the summaries of a group with messages, a rename, a removal and a return', () => {
  let initial: Record<string, unknown>[];
  let records: EntryRecord[];
  let expected: Awaited<ReturnType<typeof shown>>;

  beforeAll(async () => {
    const { group } = await messageGroups.create(log, { creator: ada, title: 'first', people: [bob, eve] });
    const messageGroupUuid = group.message_group_uuid;
    const say = (sender: Person, message: string) =>
      messages.send(log, { sender, messageGroupUuid, message });
    await say(ada, 'one'); // 2
    await say(bob, 'two'); // 3
    await messageGroups.removeMember(log, { messageGroupUuid, actor: ada, person: eve }); // 4
    await say(ada, 'three'); // 5
    await messageGroups.rename(log, { messageGroupUuid, actor: ada, title: 'second' }); // 6
    await messageGroups.addMembers(log, { messageGroupUuid, actor: ada, people: [dan] }); // 7
    await say(ada, 'four'); // 8
    initial = await storedSummaries();
    records = await recordsOf(messageGroupUuid);
    expected = [
      { user: ada.uuid, read: 8, unread: 0 },
      { user: bob.uuid, read: 3, unread: 2 },
      { user: dan.uuid, read: 7, unread: 1 },
    ]
      .map((state) => ({
        ...state,
        title: 'second',
        message: 'four',
        sender: ada.uuid,
        at: records.at(-1)?.entry.created_at ?? '',
        last_seq: 8,
      }))
      .sort((one, other) => (one.user < other.user ? -1 : 1));
  });

  test('are exact after one batch, and a repeat of it changes nothing', async () => {
    const projector = createProjector(table);
    expect(await projector.project(records)).toEqual(new Map());
    expect(await shown()).toEqual(expected);
    const before = await storedSummaries();
    await projector.project(records);
    expect(await storedSummaries()).toEqual(before);
  });

  test('end the same for every order of the last four records, delivered one at a time', async () => {
    const last = records.slice(-4);
    for (const order of permutations(last)) {
      await restore(initial);
      const projector = createProjector(table, undefined, 'transactions');
      for (const record of [...records.slice(0, -4), ...order]) await projector.project([record]);
      expect(await shown()).toEqual(expected);
    }
  }, 60_000);

  test('end the same for any cut, duplication and order of batches that delivers each record at least once', async () => {
    const delivery = fc
      .shuffledSubarray([...Array(8).keys(), ...Array(8).keys()], { minLength: 0 })
      .chain((some) =>
        fc.shuffledSubarray([...Array(8).keys()], { minLength: 8 }).map((all) => [...some, ...all]),
      )
      .chain((order) =>
        fc
          .array(fc.integer({ min: 1, max: 6 }), { minLength: order.length })
          .map((cuts) => ({ order, cuts })),
      );
    await fc.assert(
      fc.asyncProperty(delivery, fc.boolean(), async ({ order, cuts }, hasTwoRunners) => {
        await restore(initial);
        const projectors = [createProjector(table), createProjector(table, undefined, 'transactions')];
        const queue = order.map((index) => records[index]).filter((record) => record !== undefined);
        for (const size of cuts) {
          const batches = hasTwoRunners
            ? [queue.splice(0, size), queue.splice(0, size)]
            : [queue.splice(0, size)];
          await Promise.all(batches.map((batch, index) => projectors[index]?.project(batch)));
        }
        expect(await shown()).toEqual(expected);
      }),
      { numRuns: 60, seed: 20261121 },
    );
  }, 120_000);

  test('never move backward, whichever records arrive late', async () => {
    await restore(initial);
    const projector = createProjector(table);
    await projector.project(records);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(records), async (subset) => {
        await projector.project(subset);
        expect(await shown()).toEqual(expected);
      }),
      { numRuns: 40, seed: 1 },
    );
  }, 60_000);

  test('do not come back for a removed member', async () => {
    await restore(initial);
    await createProjector(table).project(records);
    const users = (await shown()).map(({ user }) => user);
    expect(users).not.toContain(eve.uuid);
  });
});

test("a direct conversation's own messages are read, the other's are not", async () => {
  const [one, other] = [person('one'), person('other')];
  await messages.sendDirect(log, { sender: one, recipient: other, message: 'a' });
  await messages.sendDirect(log, { sender: one, recipient: other, message: 'b' });
  const { message_group_uuid } = await messages.sendDirect(log, {
    sender: other,
    recipient: one,
    message: 'c',
  });
  await createProjector(table).project(await recordsOf(message_group_uuid));
  const ofBoth = await summaries.getMany(table, message_group_uuid, [one.uuid, other.uuid]);
  const unread = new Map(ofBoth.map((summary) => [summary.user, summaries.unreadCount(summary)]));
  expect(unread).toEqual(
    new Map([
      [one.uuid, 1],
      [other.uuid, 0],
    ]),
  );
});

test('a read position never moves back, and never passes the newest entry', async () => {
  const { group } = await messageGroups.create(log, { creator: ada, title: 'reading', people: [bob] });
  const messageGroupUuid = group.message_group_uuid;
  for (const message of ['a', 'b', 'c', 'd'])
    await messages.send(log, { sender: ada, messageGroupUuid, message });
  const projector = createProjector(table);
  await projector.project((await recordsOf(messageGroupUuid)).slice(0, 3));
  const read = (seq: number) => summaries.markRead(table, { userUuid: bob.uuid, messageGroupUuid, seq });
  expect(await read(4)).toEqual({ read_seq: 4, unread_count: 1, receipt: 4 });
  expect(await read(2)).toEqual({ read_seq: 4, unread_count: 1, receipt: 4 });
  expect(await read(999)).toEqual({ read_seq: 5, unread_count: 0, receipt: 5 });
  await projector.project(await recordsOf(messageGroupUuid));
  expect(await read(0)).toEqual({ read_seq: 5, unread_count: 0, receipt: 5 });
  await expect(
    summaries.markRead(table, { userUuid: eve.uuid, messageGroupUuid, seq: 1 }),
  ).rejects.toMatchObject({ codes: ['message_group_not_found'] });
});

test('an entry whose record is older than a minute is read from the table before it is shown', async () => {
  const { group } = await messageGroups.create(log, { creator: ada, title: 'old', people: [bob] });
  const records = await recordsOf(group.message_group_uuid);
  const stale = records.map(({ entry, ...record }) => ({
    ...record,
    entry: { ...entry, message: 'a text that was erased since' },
    writtenAtMs: Date.now() - 120_000,
  }));
  const sent = await messages.send(log, {
    sender: ada,
    messageGroupUuid: group.message_group_uuid,
    message: 'x',
  });
  const old = {
    entry: { ...sent, message: 'erased' },
    writtenAtMs: Date.now() - 120_000,
    sequenceNumber: '2',
  };
  await createProjector(table).project([...stale, old]);
  const [summary] = await summaries.getMany(table, group.message_group_uuid, [bob.uuid]);
  expect(summary).toMatchObject({ message: 'x', last_seq: 2 });
});

test('an old record of an entry that is not in the log is not shown', async () => {
  const { group } = await messageGroups.create(log, { creator: ada, title: 'restored', people: [bob] });
  const uuid = group.message_group_uuid;
  const [created] = await recordsOf(uuid);
  if (!created) throw new Error('the log is empty');
  const lost = { ...created.entry, seq: 9, message_count: 8, message: 'was there before the restore' };
  await createProjector(table).project([{ ...created, entry: lost, writtenAtMs: Date.now() - 120_000 }]);
  const [summary] = await summaries.getMany(table, uuid, [bob.uuid]);
  expect(summary).toMatchObject({ last_seq: 1, message_count: 0 });
});

test('an entry that is not in the log does not hide earlier entries', async () => {
  const { group } = await messageGroups.create(log, { creator: ada, title: 'poisoned', people: [bob] });
  const uuid = group.message_group_uuid;
  await messages.send(log, { sender: bob, messageGroupUuid: uuid, message: 'x' });
  const records = (await recordsOf(uuid)).map((record) => ({ ...record, writtenAtMs: Date.now() - 120_000 }));
  const [created] = records;
  if (!created) throw new Error('the log is empty');
  const absent = { ...created, entry: { ...created.entry, seq: 9, message_count: 8, message: 'nowhere' } };
  await createProjector(table).project([...records, absent]);
  const [summary] = await summaries.getMany(table, uuid, [bob.uuid]);
  expect(summary).toMatchObject({ last_seq: 2, message_count: 1, message: 'x', sent_seq: 2, sent_count: 1 });
});

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}

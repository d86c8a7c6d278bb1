import { randomUUID } from 'node:crypto';
import { BatchGetCommand, DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, setAttribute } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import * as entries from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import * as users from '../people/users.ts';
import { createProjector } from '../projections/projector.ts';
import {
  connectionKey,
  conversationPk,
  entryKey,
  type Key,
  leftKey,
  memberKey,
  placeKey,
  summariesPk,
  summaryKey,
} from '../table/keys.ts';
import { type Item, queryAll } from '../table/read.ts';
import { person } from '../testing/people.ts';
import { createKnownPeople } from './known-people.ts';
import { createScan } from './scan.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
beforeAll(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
});
afterAll(() => table.drop());

const put = (Item: Item) => table.doc.send(new PutCommand({ TableName: table.name, Item }));
const remove = (Key: Key) => table.doc.send(new DeleteCommand({ TableName: table.name, Key }));

/** A group of two with two messages, whose summaries are up to date. */
async function conversation(ada = person('ada'), bob = person('bob')) {
  const { group } = await messageGroups.create(log, { creator: ada, title: 'tea', people: [bob] });
  const uuid = group.message_group_uuid;
  for (const message of ['one', 'two'])
    await messages.send(log, { messageGroupUuid: uuid, sender: ada, message });
  const { entries: written } = await entries.range(table, uuid, { order: 'ascending' });
  const records = written.map((entry) => ({ entry, writtenAtMs: Date.now(), sequenceNumber: '' }));
  expect(await createProjector(table).project(records)).toEqual(new Map());
  return { uuid, ada, bob };
}

async function partition(pk: string) {
  const found: Item[] = [];
  const query = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': pk } };
  for await (const item of queryAll(table, { TableName: table.name, ...query })) found.push(item);
  return found;
}
/** Items as a scan of the table returns them: partition by partition. */
const itemsOf = async ({ uuid, ada, bob }: Awaited<ReturnType<typeof conversation>>) => {
  const pks = [conversationPk(uuid), summariesPk(ada.uuid), summariesPk(bob.uuid)];
  return (await Promise.all(pks.map(partition))).flat();
};

type Context = Parameters<typeof createScan>[0];
async function scan(pages: Item[][], context: Partial<Context> = {}) {
  const scanning = createScan({ table, knownPeople: undefined, isErased: () => false, ...context });
  for (const page of pages) await scanning.add(page);
  await scanning.end();
  return scanning;
}
const nobody = { conversations: [], orphans: [], strangers: [] };

describe('a scan of correct conversations', () => {
  test('counts every item once and suspects none, wherever its pages are cut', async () => {
    const items = [...(await itemsOf(await conversation())), ...(await itemsOf(await conversation()))];
    const counters = {
      items: 16,
      conversations: 2,
      entries: 6,
      messages: 4,
      members: 4,
      summaries: 4,
      people: 4,
      unknown: 0,
    };
    const whole = await scan([items]);
    expect([whole.counters, whole.suspects]).toEqual([counters, nobody]);
    for (let cut = 0; cut <= items.length; cut += 1) {
      const { counters: counted, suspects } = await scan([items.slice(0, cut), items.slice(cut)]);
      expect([cut, counted, suspects]).toEqual([cut, counters, nobody]);
    }
    const single = await scan(items.map((item) => [item]));
    expect([single.counters, single.suspects]).toEqual([counters, nobody]);
  });

  test('counts a person with several conversations once', async () => {
    const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')];
    await messages.sendDirect(log, { sender: ada, recipient: bob, message: 'x' });
    await messages.sendDirect(log, { sender: ada, recipient: eve, message: 'x' });
    const { counters } = await scan([await partition(summariesPk(ada.uuid))]);
    expect(counters).toMatchObject({ summaries: 2, people: 1 });
  });

  test('counts items that Parley does not know, and skips those of sockets and of people who left', async () => {
    const [ada, uuid] = [person('ada'), randomUUID()];
    const live = [placeKey(ada.uuid, 'node'), connectionKey('socket')];
    const { counters, suspects } = await scan([[...live, leftKey(ada.uuid, uuid), { pk: 'old', sk: '1' }]]);
    expect(counters).toMatchObject({ items: 4, unknown: 1, conversations: 0 });
    expect(suspects).toEqual(nobody);
  });
});

describe('a scan suspects', () => {
  test('a conversation with a gap, and not the next one', async () => {
    const [broken, healthy] = [await conversation(), await conversation()];
    await remove(entryKey(broken.uuid, 2));
    const { suspects, counters } = await scan([[...(await itemsOf(broken)), ...(await itemsOf(healthy))]]);
    expect(suspects).toEqual({ ...nobody, conversations: [{ messageGroupUuid: broken.uuid, mark: 3 }] });
    expect(counters.conversations).toBe(2);
  });

  test('a conversation whose last item is the last of the table', async () => {
    const one = await conversation();
    await remove(entryKey(one.uuid, 2));
    const { suspects } = await scan([await partition(conversationPk(one.uuid))]);
    expect(suspects.conversations).toHaveLength(1);
  });

  test('a conversation with an entry that cannot be read, which does not end the scan', async () => {
    const one = await conversation();
    await put({ ...entryKey(one.uuid, 4), message: 'no entry' });
    const { suspects, counters } = await scan([await itemsOf(one)]);
    expect(suspects.conversations).toMatchObject([{ messageGroupUuid: one.uuid }]);
    expect(counters).toMatchObject({ entries: 4, messages: 2 });
  });

  test('a conversation with a summary that is missing or behind its log', async () => {
    const [missing, late] = [await conversation(), await conversation()];
    await remove(summaryKey(missing.bob.uuid, missing.uuid));
    await setAttribute(table, summaryKey(late.bob.uuid, late.uuid), 'last_seq', 2);
    const { suspects } = await scan([[...(await itemsOf(missing)), ...(await itemsOf(late))]]);
    expect(suspects.conversations).toEqual(
      [missing, late].map(({ uuid }) => ({ messageGroupUuid: uuid, mark: 3 })),
    );
  });

  test('a conversation that a person has left without a LEFT# item', async () => {
    const one = await conversation();
    const about = { messageGroupUuid: one.uuid, actor: one.ada };
    await messageGroups.removeMember(log, { ...about, person: one.bob });
    await remove(leftKey(one.bob.uuid, one.uuid));
    const { entries: written } = await entries.range(table, one.uuid, { from: 4, order: 'ascending' });
    const records = written.map((entry) => ({ entry, writtenAtMs: Date.now(), sequenceNumber: '' }));
    await createProjector(table).project(records);
    expect((await scan([await itemsOf(one)])).suspects.conversations).toHaveLength(1);
    await put(leftKey(one.bob.uuid, one.uuid));
    expect((await scan([await itemsOf(one)])).suspects).toEqual(nobody);
  });

  test('a summary without a member, and no summary of a member', async () => {
    const one = await conversation();
    await remove(memberKey(one.uuid, one.bob.uuid));
    const [ofAda, ofBob] = [
      await partition(summariesPk(one.ada.uuid)),
      await partition(summariesPk(one.bob.uuid)),
    ];
    const { suspects } = await scan([[...ofAda, ...ofBob]]);
    expect(suspects.orphans).toMatchObject([{ userUuid: one.bob.uuid, messageGroupUuid: one.uuid }]);
  });

  test('the text of a person who is erased', async () => {
    const one = await conversation();
    const { suspects } = await scan([await itemsOf(one)], { isErased: (uuid) => uuid === one.ada.uuid });
    expect(suspects.conversations).toHaveLength(1);
  });

  test('a conversation that names a person whom Postgres lacks', async () => {
    const database = await createTestDatabase();
    try {
      const people = await users.insertPeople(
        database.pool,
        ['ada', 'bob', 'eve'].map((handle) => ({ handle })),
      );
      const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((handle) => people.get(handle));
      const [one, other] = [await conversation(ada, bob), await conversation(eve)];
      const items = [...(await itemsOf(one)), ...(await itemsOf(other))];
      const { suspects } = await scan([items], { knownPeople: createKnownPeople(database.pool) });
      expect(suspects.conversations).toEqual([{ messageGroupUuid: other.uuid, mark: 3 }]);
    } finally {
      await database.close();
    }
  });
});

test('a scan whose reads fail rejects', async () => {
  const failing = withSend(table, async (command, send) => {
    if (command instanceof BatchGetCommand) throw new Error('away');
    return send(command);
  });
  await expect(scan([await itemsOf(await conversation())], { table: failing })).rejects.toThrow('away');
});

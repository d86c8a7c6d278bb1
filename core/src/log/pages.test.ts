import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { closeTable, createTable } from '../table/client.ts';
import { entryKey } from '../table/keys.ts';
import { observeRequests } from '../table/requests.ts';
import { person } from '../testing/people.ts';
import type { Person } from './entries.ts';
import { createLog } from './log.ts';
import { createPages } from './pages.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const node = () => createLog(table, { batch: 'transactions', deadlineMs: 30_000 });
const refused = { codes: ['message_group_not_found'] };

/** A group of three people with `count` messages after its first entry. */
async function group(count: number) {
  const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')] as const;
  const log = node();
  const created = await messageGroups.create(log, { creator: ada, title: 'tea', people: [bob, eve] });
  const messageGroupUuid = created.group.message_group_uuid;
  const send = (message: string) => messages.send(log, { sender: ada, messageGroupUuid, message });
  for (let index = 2; index < count + 2; index += 1) await send(`m${index}`);
  const input = { userUuid: bob.uuid, messageGroupUuid, limit: 5 };
  const remove = (who: Person) =>
    messageGroups.removeMember(log, { messageGroupUuid, actor: ada, person: who });
  return { ada, bob, eve, log, messageGroupUuid, send, input, remove };
}

const seqs = ({ entries }: { entries: { seq: number }[] }) => entries.map(({ seq }) => seq);

test('the newest page is as new as a read of the table, whichever node wrote last', async () => {
  const { input, send } = await group(8);
  const pages = createPages(table);
  expect(await pages.list(input)).toMatchObject({ hasMore: true });
  for (let seq = 10; seq < 16; seq += 1) {
    await send('from a node that this one does not hear');
    expect(seqs(await pages.list(input))).toEqual([seq - 4, seq - 3, seq - 2, seq - 1, seq]);
  }
});

test('with many readers and a writer, every reader sees all entries written before the request', async () => {
  const { input, send } = await group(3);
  const pages = createPages(table);
  let written = 4;
  let isDone = false;
  const reader = async () => {
    let last = 0;
    while (!isDone) {
      const before = written;
      const page = seqs(await pages.list(input));
      expect(page.at(-1)).toBeGreaterThanOrEqual(before);
      expect(page).toEqual(page.map((_, index) => (page[0] ?? 0) + index));
      expect(page.at(-1)).toBeGreaterThanOrEqual(last);
      last = page.at(-1) ?? 0;
    }
  };
  const readers = [reader(), reader(), reader()];
  for (let count = 0; count < 40; count += 1) written = (await send('x')).seq;
  isDone = true;
  await Promise.all(readers);
});

test('entries that the node observed are shown without another read', async () => {
  const { input, log, ada, messageGroupUuid } = await group(6);
  const pages = createPages(table);
  await pages.list(input);
  pages.observe(await messages.send(log, { sender: ada, messageGroupUuid, message: 'heard' }));
  expect((await pages.list(input)).entries.at(-1)?.message).toBe('heard');
  // An entry that is not the next one is ignored.
  await messages.send(log, { sender: ada, messageGroupUuid, message: 'missed' });
  pages.observe(await messages.send(log, { sender: ada, messageGroupUuid, message: 'late' }));
  expect((await pages.list(input)).entries.slice(-2).map(({ message }) => message)).toEqual([
    'missed',
    'late',
  ]);
});

test('after more new entries than are cached, the newest page is still correct', async () => {
  const { input, log, ada, messageGroupUuid } = await group(2);
  const pages = createPages(table);
  await pages.list(input);
  await Promise.all(
    Array.from({ length: 250 }, (_, index) =>
      messages.send(log, { sender: ada, messageGroupUuid, message: `${index}` }),
    ),
  );
  for (let repeat = 0; repeat < 2; repeat += 1)
    expect(seqs(await pages.list(input))).toEqual([249, 250, 251, 252, 253]);
});

test('a removed member and a stranger get nothing, even from cached pages', async () => {
  const { input, bob, eve, remove, ada } = await group(12);
  const pages = createPages(table);
  const older = { ...input, beforeSeq: 9 };
  const after = { ...input, afterSeq: 3 };
  for (const each of [input, older, after]) await pages.list(each);
  await remove(bob);
  for (const each of [input, older, after]) await expect(pages.list(each)).rejects.toMatchObject(refused);
  const stranger = { ...older, userUuid: randomUUID() };
  await expect(pages.list(stranger)).rejects.toMatchObject(refused);
  expect(seqs(await pages.list({ ...input, userUuid: eve.uuid })).at(-1)).toBe(14);
  expect(seqs(await pages.list({ ...older, userUuid: ada.uuid }))).toEqual([4, 5, 6, 7, 8]);
});

test('a stranger causes no read of a page and learns nothing, whether or not the conversation exists', async () => {
  const { input, ada } = await group(6);
  const { name, runnerName } = table;
  const node = createTable({ region: 'us-east-1', endpoint: testEndpoint(), name, runnerName });
  const requests: string[] = [];
  observeRequests(node, ({ operation }) => requests.push(operation));
  const pages = createPages(node);
  const asked = async (messageGroupUuid: string, userUuid: string) => {
    for (const each of [{}, { beforeSeq: 5 }, { afterSeq: 2 }, {}])
      await pages.list({ ...input, ...each, messageGroupUuid, userUuid }).catch(({ codes }) => codes);
    return requests.splice(0);
  };
  const nothing = Array(4).fill('BatchGetItem');
  const stranger = randomUUID();
  expect(await asked(input.messageGroupUuid, stranger)).toEqual(nothing);
  expect(await asked(randomUUID(), stranger)).toEqual(nothing);
  // Nor from pages that this node cached for a member.
  expect(await asked(input.messageGroupUuid, ada.uuid)).toContain('Query');
  expect(await asked(input.messageGroupUuid, stranger)).toEqual(nothing);
  closeTable(node);
});

test('a known member is checked once for each page, after its read; a removed member costs as much as a stranger', async () => {
  const { input, remove, bob } = await group(12);
  const { name, runnerName } = table;
  const node = createTable({ region: 'us-east-1', endpoint: testEndpoint(), name, runnerName });
  const requests: string[] = [];
  observeRequests(node, ({ operation }) => requests.push(operation));
  const pages = createPages(node);
  const asked = async (beforeSeq: number) => {
    await pages
      .list({ ...input, userUuid: bob.uuid, beforeSeq })
      .catch(({ codes }) => requests.push(...codes));
    return requests.splice(0);
  };
  expect(await asked(11)).toEqual(['BatchGetItem', 'Query', 'BatchGetItem']);
  expect(await asked(9)).toEqual(['Query', 'BatchGetItem']);
  await remove(bob);
  expect(await asked(7)).toEqual(['Query', 'BatchGetItem', ...refused.codes]);
  expect(await asked(7)).toEqual(['BatchGetItem', ...refused.codes]);
  closeTable(node);
});

test('a page before a seq beyond the end is not cached, because the log will grow into it', async () => {
  const { input, send } = await group(3);
  const pages = createPages(table);
  const beyond = { ...input, beforeSeq: 7 };
  expect(seqs(await pages.list(beyond))).toEqual([1, 2, 3, 4]);
  await send('five');
  expect(seqs(await pages.list(beyond))).toEqual([1, 2, 3, 4, 5]);
});

test('a short log is cached whole; a page longer than the cached entries is read', async () => {
  const { input } = await group(7);
  const pages = createPages(table);
  expect(await pages.list({ ...input, limit: 3 })).toMatchObject({ hasMore: true });
  expect(seqs(await pages.list({ ...input, limit: 6 }))).toEqual([3, 4, 5, 6, 7, 8]);
  for (let repeat = 0; repeat < 2; repeat += 1)
    expect(await pages.list({ ...input, limit: 20 })).toMatchObject({ hasMore: false });
});

test('an erased text is gone from every cache after its time', async () => {
  const { input, messageGroupUuid } = await group(6);
  const pages = createPages(table, { maxAgeMs: 300 });
  const older = { ...input, beforeSeq: 6 };
  const texts = async () =>
    (await Promise.all([pages.list(input), pages.list(older)])).flatMap(({ entries }) =>
      entries.filter(({ seq }) => seq === 4).map(({ message }) => message),
    );
  expect(await texts()).toEqual(['m4', 'm4']);
  const Key = entryKey(messageGroupUuid, 4);
  const UpdateExpression = 'SET message = :erased';
  const ExpressionAttributeValues = { ':erased': '' };
  await table.doc.send(
    new UpdateCommand({ TableName: table.name, Key, UpdateExpression, ExpressionAttributeValues }),
  );
  await sleep(400);
  expect(await texts()).toEqual(['', '']);
});

test('an erased text is gone in time even if the conversation goes on', async () => {
  const { input, messageGroupUuid, send } = await group(6);
  const pages = createPages(table, { maxAgeMs: 1_000 });
  const text = async () => {
    const { entries } = await pages.list({ ...input, limit: 100 });
    return entries.find(({ seq }) => seq === 4)?.message;
  };
  expect(await text()).toBe('m4');
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: entryKey(messageGroupUuid, 4),
      UpdateExpression: 'SET message = :erased',
      ExpressionAttributeValues: { ':erased': '' },
    }),
  );
  for (let heard = 0; heard < 6; heard += 1) {
    await sleep(200);
    pages.observe(await send('and on'));
  }
  expect(await text()).toBe('');
});

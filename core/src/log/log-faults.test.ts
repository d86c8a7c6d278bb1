import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Fate, startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { closeTable, createTable } from '../table/client.ts';
import { person } from '../testing/people.ts';
import type { Entry, Person } from './entries.ts';
import * as entries from './entries.ts';
import { largeGroupMembers } from './entries.ts';
import { createLog, type LogOptions } from './log.ts';
import { createPages } from './pages.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
let decide: (operation: string) => Fate = () => 'pass';

beforeAll(async () => {
  table = await createTestTable();
  proxy = await startFaultProxy(testEndpoint(), (operation) => decide(operation));
});
afterEach(() => {
  decide = () => 'pass';
  for (const node of nodes.splice(0)) closeTable(node);
});
afterAll(async () => {
  await proxy.close();
  await table.drop();
});

const [ada, bob] = [person('ada'), person('bob')] as const;
const nodes: ReturnType<typeof createTable>[] = [];

/** A node whose requests go through the proxy. */
function node(options: LogOptions) {
  const { name, runnerName } = table;
  const faulty = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
  nodes.push(faulty);
  return createLog(faulty, options);
}

async function wholeLog(uuid: string) {
  const all: Entry[] = [];
  for await (const page of entries.pages(table, uuid, { order: 'ascending' })) all.push(...page);
  return all;
}

/** A random generator that repeats its numbers for the same seed (mulberry32). */
function randomOf(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe.each([
  { batch: 'statements', write: 'BatchExecuteStatement' },
  { batch: 'transactions', write: 'TransactWriteItems' },
] as const)('sends in $batch', ({ batch, write }) => {
  test('whose batch was written but whose answer was cut are acknowledged, and are in the log once', async () => {
    const log = node({ batch });
    const groups = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        messageGroups.create(log, { creator: ada, title: `cut ${index}`, people: [bob] }),
      ),
    );
    let cuts = 0;
    decide = (operation) => (operation === write && cuts++ < 2 ? 'cut' : 'pass');
    const sent = await Promise.all(
      groups.map(({ group }) =>
        messages.send(log, { sender: ada, messageGroupUuid: group.message_group_uuid, message: 'once' }),
      ),
    );
    expect(cuts).toBeGreaterThan(1);
    for (const entry of sent) {
      expect((await wholeLog(entry.message_group_uuid)).slice(1)).toEqual([entry]);
    }
  });

  test.each([1, 2, 3, 4])(
    'survive cut answers, lost requests, throttling and errors (seed %i)',
    async (seed) => {
      const random = randomOf(seed);
      const two = [node({ batch, deadlineMs: 20_000 }), node({ batch, deadlineMs: 20_000 })] as const;
      const { group } = await messageGroups.create(two[0], { creator: ada, title: 'faulty', people: [bob] });
      const messageGroupUuid = group.message_group_uuid;
      decide = () => {
        const dice = random();
        if (dice < 0.1) return 'cut';
        if (dice < 0.15) return 'drop';
        if (dice < 0.2) return 'throttle';
        if (dice < 0.25) return 'fail';
        return dice < 0.3 ? { delayMs: 20 } : 'pass';
      };
      const sent = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          messages.send(two[index % 2 === 0 ? 0 : 1], {
            sender: index % 3 ? ada : bob,
            messageGroupUuid,
            message: `message ${index}`,
            ...(index % 2 && { idempotencyKey: `key ${index}`, knownSeq: 1 }),
          }),
        ),
      );
      decide = () => 'pass';
      const log = await wholeLog(messageGroupUuid);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      expect(log).toHaveLength(61);
      expect(log.at(-1)?.message_count).toBe(60);
      for (const entry of sent)
        expect(log[entry.seq - 1]).toMatchObject({ message_uuid: entry.message_uuid });
    },
    60_000,
  );
});

test('membership changes whose answer was cut are made once', async () => {
  const log = node({ batch: 'statements' });
  let cuts = 0;
  decide = (operation) => (operation === 'TransactWriteItems' && cuts++ % 2 === 0 ? 'cut' : 'pass');
  const { group } = await messageGroups.create(log, { creator: ada, title: 'cut', people: [] });
  const messageGroupUuid = group.message_group_uuid;
  await messageGroups.addMembers(log, { messageGroupUuid, actor: ada, people: [bob] });
  await messageGroups.rename(log, { messageGroupUuid, actor: ada, title: 'renamed' });
  const roster = await messageGroups.removeMember(log, { messageGroupUuid, actor: ada, person: bob });
  expect(roster.group).toMatchObject({ title: 'renamed', member_count: 1, version: 4 });
  const types = (await wholeLog(messageGroupUuid)).map(({ type }) => type);
  expect(types).toEqual(['group_created', 'members_added', 'title_changed', 'member_removed']);
});

describe('an answer that is lost at every repeat of the request', () => {
  const loseAnswers = () => {
    let cuts = 0;
    decide = (operation) => (operation === 'TransactWriteItems' && cuts++ < 4 ? 'cut' : 'pass');
  };

  test('does not double the first message of a direct conversation', async () => {
    const log = node({ batch: 'statements', deadlineMs: 20_000 });
    loseAnswers();
    const first = await messages.sendDirect(log, {
      sender: person('one'),
      recipient: person('other'),
      message: 'once',
    });
    expect(await wholeLog(first.message_group_uuid)).toEqual([first]);
  });

  test('does not make the creation of a group a conflict', async () => {
    const log = node({ batch: 'statements', deadlineMs: 20_000 });
    loseAnswers();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'once', people: [bob] });
    expect(await wholeLog(group.message_group_uuid)).toHaveLength(1);
  });
});

test.each(['statements', 'transactions'] as const)(
  'an unreadable answer does not duplicate the sends of a turn in %s',
  async (batch) => {
    const log = node({ batch, deadlineMs: 20_000 });
    const { group } = await messageGroups.create(log, { creator: ada, title: 'garbled', people: [bob] });
    const messageGroupUuid = group.message_group_uuid;
    let garbled = 0;
    decide = (operation) =>
      (operation === 'TransactWriteItems' || operation === 'BatchExecuteStatement') && garbled++ === 0
        ? 'garble'
        : 'pass';
    const texts = ['m1', 'm2', 'm3', 'm4'];
    const sent = await Promise.allSettled(
      texts.map((message) => messages.send(log, { sender: ada, messageGroupUuid, message })),
    );
    const written = (await wholeLog(messageGroupUuid)).slice(1).map(({ message }) => message);
    expect(garbled).toBeGreaterThan(0);
    expect(new Set(written).size).toBe(written.length);
    for (const [index, { status }] of sent.entries()) {
      if (status === 'fulfilled') expect(written).toContain(texts[index]);
    }
  },
);

test('a member who is removed during a read of a page does not get entries from after the removal', async () => {
  const log = node({ batch: 'statements' });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'page', people: [bob] });
  const messageGroupUuid = group.message_group_uuid;
  const direct = createLog(table, { batch: 'statements' });
  decide = (operation) => (operation === 'Query' ? { delayMs: 400 } : 'pass');
  const page = createPages(log.table).list({ userUuid: bob.uuid, messageGroupUuid, limit: 20 });
  const outcome = page.then(
    (read) => read.entries.map(({ message }) => message),
    (error) => error.codes,
  );
  await messageGroups.removeMember(direct, { messageGroupUuid, actor: ada, person: bob });
  await messages.send(direct, { sender: ada, messageGroupUuid, message: 'secret' });
  expect(await outcome).toEqual(['message_group_not_found']);
});

test('a turn that reads newer entries checks membership again', async () => {
  const [dan, eve] = [person('dan'), person('eve')];
  const log = node({ batch: 'transactions', deadlineMs: 20_000 });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'turn', people: [bob, eve] });
  const messageGroupUuid = group.message_group_uuid;
  const send = (sender: Person) => messages.send(log, { sender, messageGroupUuid, message: sender.handle });
  const codesOf = (sent: Promise<Entry>) =>
    sent.then(
      ({ seq }) => seq,
      (error) => error.codes,
    );
  await messageGroups.removeMember(log, { messageGroupUuid, actor: ada, person: bob });
  expect((await send(eve)).seq).toBe(3);
  const elsewhere = createLog(table, { batch: 'statements' });
  let isReadingOn = false;
  let lookups = 0;
  decide = (operation) => {
    if (operation === 'GetItem' && lookups++ === 0) return { delayMs: 1_000 };
    if (operation !== 'Query' || isReadingOn) return 'pass';
    isReadingOn = true;
    return { delayMs: 1_500 };
  };
  // The stranger's turn lasts until both jobs of the next turn wait: Eve is known as a member, Bob must be read.
  const stranger = codesOf(send(dan));
  const turn = [codesOf(send(eve)), codesOf(send(bob))];
  await messageGroups.addMembers(elsewhere, { messageGroupUuid, actor: ada, people: [bob] });
  while (!isReadingOn) await sleep(10);
  await messageGroups.removeMember(elsewhere, { messageGroupUuid, actor: ada, person: eve });
  await messageGroups.removeMember(elsewhere, { messageGroupUuid, actor: ada, person: bob });
  const refused = ['message_group_not_found'];
  expect(await Promise.all([stranger, ...turn])).toEqual([refused, refused, refused]);
  expect(await wholeLog(messageGroupUuid)).toHaveLength(6);
});

test('a membership change that was not written does not change the size of the conversation', async () => {
  const log = node({ batch: 'statements', deadlineMs: 1_000 });
  const people = Array.from({ length: largeGroupMembers - 2 }, (_, index) => person(`p${index}`));
  const { group } = await messageGroups.create(log, { creator: ada, title: 'fifty', people });
  const messageGroupUuid = group.message_group_uuid;
  await messageGroups.addMembers(log, { messageGroupUuid, actor: ada, people: [bob] });
  decide = (operation) => (operation === 'TransactWriteItems' ? 'throttle' : 'pass');
  const add = messageGroups.addMembers(log, { messageGroupUuid, actor: ada, people: [person('eve')] });
  await expect(add).rejects.toMatchObject({ codes: ['busy'] });
  const input = { sender: ada, messageGroupUuid, message: 'hello', idempotencyKey: 'once' };
  // The attempt of the rejected job still waits for the table.
  const isBusy = (error: unknown) => (error as { codes?: string[] }).codes?.includes('busy') === true;
  let sent: Entry | undefined;
  for (let attempt = 0; attempt < 15 && !sent; attempt += 1)
    sent = await messages.send(log, input).catch((error) => {
      if (!isBusy(error)) throw error;
      return undefined;
    });
  expect(sent).toMatchObject({ seq: 3 });
  expect(sent?.large).toBeUndefined();
}, 30_000);

test('if the table hangs, sends are answered busy at the deadline', async () => {
  const log = node({ batch: 'statements', deadlineMs: 300 });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'hangs', people: [] });
  decide = () => ({ delayMs: 2_000 });
  const startedAtMs = performance.now();
  const send = messages.send(log, { sender: ada, messageGroupUuid: group.message_group_uuid, message: 'x' });
  await expect(send).rejects.toMatchObject({ codes: ['busy'] });
  expect(performance.now() - startedAtMs).toBeLessThan(1_500);
});

test('if the table stays unreachable, sends are answered busy after the deadline', async () => {
  const log = node({ batch: 'statements', deadlineMs: 300 });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'away', people: [] });
  decide = () => 'drop';
  const send = messages.send(log, { sender: ada, messageGroupUuid: group.message_group_uuid, message: 'x' });
  await expect(send).rejects.toMatchObject({ codes: ['busy'] });
});

test('a message that the table refuses fails alone, not the others of its batch', async () => {
  const log = node({ batch: 'transactions' });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'neighbours', people: [] });
  const send = (message: string) =>
    messages.send(log, { sender: ada, messageGroupUuid: group.message_group_uuid, message });
  const outcomes = await Promise.allSettled(['a', 'x'.repeat(450_000), 'b'].map(send));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await wholeLog(group.message_group_uuid)).map(({ message }) => message).slice(1)).toEqual([
    'a',
    'b',
  ]);
});

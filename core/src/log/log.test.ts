import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { person } from '../testing/people.ts';
import type { Person } from './entries.ts';
import * as entries from './entries.ts';
import { createLog, type Log } from './log.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')] as const;

async function wholeLog(uuid: string) {
  const all: entries.Entry[] = [];
  for await (const page of entries.pages(table, uuid, { order: 'ascending' })) all.push(...page);
  return all;
}

async function expectDense(uuid: string) {
  const log = await wholeLog(uuid);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  let count = 0;
  for (const [index, entry] of log.entries()) {
    if (entry.type === 'message') count += 1;
    expect(entry.message_count).toBe(count);
    expect(entry.created_at >= (log[index - 1]?.created_at ?? '')).toBe(true);
  }
  return log;
}

describe.each(['statements', 'transactions'] as const)('a log written in %s', (batch) => {
  const node = () => createLog(table, { batch, deadlineMs: 30_000 });

  test('the first message creates the direct conversation, the second appends to it', async () => {
    const log = node();
    const [one, other] = [person('one'), person('other')];
    const first = await messages.sendDirect(log, { sender: one, recipient: other, message: 'hello' });
    const second = await messages.sendDirect(log, { sender: other, recipient: one, message: 'hi' });
    expect([first.seq, second.seq]).toEqual([1, 2]);
    expect(second.message_group_uuid).toBe(first.message_group_uuid);
    await expectDense(first.message_group_uuid);
  });

  test('two nodes that create the same direct conversation at once both succeed, in one log', async () => {
    const [one, other] = [person('one'), person('other')];
    const sent = await Promise.all([
      messages.sendDirect(node(), { sender: one, recipient: other, message: 'a' }),
      messages.sendDirect(node(), { sender: other, recipient: one, message: 'b' }),
    ]);
    expect(sent.map(({ seq }) => seq).sort()).toEqual([1, 2]);
    await expectDense(sent[0].message_group_uuid);
  });

  test('with many senders on two nodes, the log has no gap, no duplicate and no loss', async () => {
    const nodes = [node(), node()] as const;
    const { group } = await messageGroups.create(nodes[0], { creator: ada, title: 'busy', people: [bob] });
    const uuid = group.message_group_uuid;
    const sends = Array.from({ length: 200 }, (_, index) =>
      messages.send(nodes[index % 2] as Log, {
        sender: index % 3 ? ada : bob,
        messageGroupUuid: uuid,
        message: `message ${index}`,
        idempotencyKey: `key ${index}`,
      }),
    );
    const acknowledged = await Promise.all(sends);
    const log = await expectDense(uuid);
    expect(log).toHaveLength(201);
    for (const entry of acknowledged) expect(log[entry.seq - 1]).toEqual(entry);
    expect(new Set(log.map(({ message_uuid }) => message_uuid)).size).toBe(201);
  });

  test('a repeat with the same key returns the first entry, on the same node, on another one and on a cold one', async () => {
    const [warm, other] = [node(), node()];
    const { group } = await messageGroups.create(warm, { creator: ada, title: 'repeat', people: [bob] });
    const send = (log: Log, message = 'once') =>
      messages.send(log, {
        sender: ada,
        messageGroupUuid: group.message_group_uuid,
        message,
        idempotencyKey: 'k',
      });
    const first = await send(warm);
    await messages.send(other, {
      sender: bob,
      messageGroupUuid: group.message_group_uuid,
      message: 'between',
    });
    for (const log of [warm, other, node()]) expect(await send(log)).toEqual(first);
    await expect(send(other, 'something else')).rejects.toMatchObject({ codes: ['idempotency_conflict'] });
    expect(await wholeLog(group.message_group_uuid)).toHaveLength(3);
  });

  test('two concurrent repeats make one entry', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'twins', people: [bob] });
    const send = () =>
      messages.send(log, {
        sender: ada,
        messageGroupUuid: group.message_group_uuid,
        message: 'x',
        idempotencyKey: 't',
      });
    const sent = await Promise.all([send(), send(), send()]);
    expect(new Set(sent.map(({ seq }) => seq))).toEqual(new Set([2]));
  });

  test('two repeats that wait behind another message make one entry', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'waiting', people: [bob] });
    const send = (idempotencyKey: string) =>
      messages.send(log, {
        ...{ sender: ada, message: 'x', idempotencyKey },
        messageGroupUuid: group.message_group_uuid,
      });
    const [first, ...twins] = await Promise.all([send('first'), send('twin'), send('twin'), send('twin')]);
    expect(first?.seq).toBe(2);
    expect(twins.map(({ seq }) => seq)).toEqual([3, 3, 3]);
    expect(await expectDense(group.message_group_uuid)).toHaveLength(3);
  });

  test('the same key of another sender, or in another conversation, is another message', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'scope', people: [bob] });
    const send = (sender: Person) =>
      messages.send(log, {
        sender,
        messageGroupUuid: group.message_group_uuid,
        message: 'x',
        idempotencyKey: 's',
      });
    expect([(await send(ada)).seq, (await send(bob)).seq]).toEqual([2, 3]);
  });

  test('with known_seq a retry of any age is exact, warm and cold', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'old', people: [bob] });
    const messageGroupUuid = group.message_group_uuid;
    const send = (on: Log, knownSeq?: number) =>
      messages.send(on, { sender: ada, messageGroupUuid, message: 'old', idempotencyKey: 'old', knownSeq });
    const first = await send(log, 1);
    const fill = Array.from({ length: 450 }, (_, index) =>
      messages.send(log, { sender: bob, messageGroupUuid, message: `${index}`, idempotencyKey: `b${index}` }),
    );
    await Promise.all(fill);
    expect(await send(log, 1)).toEqual(first);
    expect(await send(node(), 1)).toEqual(first);
    expect(await wholeLog(messageGroupUuid)).toHaveLength(452);
  });

  test('with known_seq a retry is exact on a node that knows only the newest entries', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'newest', people: [bob] });
    const messageGroupUuid = group.message_group_uuid;
    const retry = { sender: ada, messageGroupUuid, message: 'once', idempotencyKey: 'k', knownSeq: 1 };
    const first = await messages.send(log, retry);
    for (const message of ['3', '4']) await messages.send(log, { sender: bob, messageGroupUuid, message });
    const other = node();
    await messages.send(other, { sender: bob, messageGroupUuid, message: 'without a key' });
    // The search must include the first entry after the known one.
    expect(first.seq).toBe(2);
    expect(await messages.send(other, retry)).toEqual(first);
  });

  test('a retry too far behind for a turn searches outside the queue and still finds its first entry', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'far', people: [bob] });
    const messageGroupUuid = group.message_group_uuid;
    const retry = { sender: ada, messageGroupUuid, message: 'far', idempotencyKey: 'far', knownSeq: 1 };
    const first = await messages.send(log, retry);
    await Promise.all(
      Array.from({ length: 1_100 }, (_, index) =>
        messages.send(log, { sender: bob, messageGroupUuid, message: `${index}` }),
      ),
    );
    const cold = node();
    expect(await messages.send(cold, retry)).toEqual(first);
    const fresh = await messages.send(cold, { ...retry, idempotencyKey: 'new', message: 'new' });
    expect(fresh.seq).toBe(1_103);
  }, 60_000);

  test('a stranger cannot append, and nobody can append to a conversation that does not exist', async () => {
    const log = node();
    const { group } = await messageGroups.create(log, { creator: ada, title: 'closed', people: [bob] });
    const notFound = { codes: ['message_group_not_found'] };
    const { message_group_uuid: messageGroupUuid } = group;
    await expect(messages.send(log, { sender: eve, messageGroupUuid, message: 'x' })).rejects.toMatchObject(
      notFound,
    );
    await expect(
      messages.send(log, { sender: ada, messageGroupUuid: randomUUID(), message: 'x' }),
    ).rejects.toMatchObject(notFound);
  });

  test('a removed member cannot append, even on a node that remembers the membership', async () => {
    const [one, other] = [node(), node()];
    const { group } = await messageGroups.create(one, { creator: ada, title: 'removal', people: [bob] });
    const { message_group_uuid: messageGroupUuid } = group;
    await messages.send(other, { sender: bob, messageGroupUuid, message: 'still here' });
    await messageGroups.removeMember(one, { messageGroupUuid, actor: ada, person: bob });
    await expect(
      messages.send(other, { sender: bob, messageGroupUuid, message: 'too late' }),
    ).rejects.toMatchObject({ codes: ['message_group_not_found'] });
    await messageGroups.addMembers(one, { messageGroupUuid, actor: ada, people: [bob] });
    expect((await messages.send(other, { sender: bob, messageGroupUuid, message: 'back' })).seq).toBe(5);
    await expectDense(messageGroupUuid);
  });

  test('a member who was removed on another node is a stranger for repeats too', async () => {
    const [log, other] = [node(), node()];
    const { group } = await messageGroups.create(log, { creator: ada, title: 'repeats', people: [bob] });
    const { message_group_uuid: messageGroupUuid } = group;
    const repeat = { sender: bob, messageGroupUuid, message: 'hi', idempotencyKey: 'key' };
    await messages.send(log, repeat);
    await messageGroups.removeMember(other, { messageGroupUuid, actor: ada, person: bob });
    for (const message of ['hi', 'another text'])
      await expect(messages.send(log, { ...repeat, message })).rejects.toMatchObject({
        codes: ['message_group_not_found'],
      });
  });

  test('a conversation or a membership that appears on another node is found without a restart', async () => {
    const [one, other] = [node(), node()];
    const { group } = await messageGroups.create(one, { creator: ada, title: 'appears', people: [] });
    const { message_group_uuid: messageGroupUuid } = group;
    await messages.send(other, { sender: ada, messageGroupUuid, message: 'alone' });
    await expect(messages.send(other, { sender: bob, messageGroupUuid, message: 'x' })).rejects.toThrow();
    await messageGroups.addMembers(one, { messageGroupUuid, actor: ada, people: [bob] });
    expect((await messages.send(other, { sender: bob, messageGroupUuid, message: 'x' })).seq).toBe(4);
  });

  test('numbers that another node wrote and this one observed are not tried', async () => {
    const [one, other] = [node(), node()];
    const { group } = await messageGroups.create(one, { creator: ada, title: 'observe', people: [bob] });
    const { message_group_uuid: messageGroupUuid } = group;
    const send = (log: Log) => messages.send(log, { sender: ada, messageGroupUuid, message: 'x' });
    await send(one);
    for (let turn = 0; turn < 3; turn += 1) one.observe(await send(other));
    expect((await send(one)).seq).toBe(6);
  });
});

test('with a clock that is minutes wrong, times in the log neither go back nor run ahead', async () => {
  const log = createLog(table, { batch: 'statements' });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'clock', people: [bob] });
  const { message_group_uuid: messageGroupUuid } = group;
  const ahead = createLog(
    { ...table, clock: { ...table.clock, now: () => Date.now() - 600_000 } },
    { batch: 'statements' },
  );
  const first = await messages.send(log, { sender: ada, messageGroupUuid, message: 'now' });
  const second = await messages.send(ahead, { sender: bob, messageGroupUuid, message: 'behind' });
  expect(second.created_at).toBe(first.created_at);
});

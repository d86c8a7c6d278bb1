import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import * as messageGroups from '@parley/core/conversations/message-groups';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { connect, type LiveClient } from '../testing/live-client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let one: Awaited<ReturnType<World['liveNode']>>;
let other: Awaited<ReturnType<World['liveNode']>>;
let [ada, ben, cleo]: TestPerson[] = [];
const open: LiveClient[] = [];
let stream: ReturnType<World['runStream']>;

beforeAll(async () => {
  world = await createWorld();
  [one, other] = [await world.liveNode(), await world.liveNode()];
  [ada, ben, cleo] = [await world.person('ada'), await world.person('ben'), await world.person('cleo')];
  stream = world.runStream();
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});
afterAll(() => world.close());

async function join(node: { url: string }, person: TestPerson | undefined) {
  if (!person) throw new Error('no such person');
  const client = await connect(node.url);
  open.push(client);
  expect(await client.authenticate(person)).toMatchObject({
    success: true,
    data: { user_uuid: person.uuid },
  });
  return client;
}

describe('a message', () => {
  it('reaches every device of both people, whichever node it was sent to', async () => {
    const [sender, second, receiver] = [await join(one, ada), await join(other, ada), await join(other, ben)];
    const sent = await sender.request('message.send', {
      handle: 'ben',
      message: 'hello',
      idempotency_key: 'k1',
    });
    expect(sent).toMatchObject({ success: true, data: { seq: 1, message: 'hello', handle: 'ada' } });
    for (const client of [sender, second, receiver])
      expect(await client.event('message.created')).toEqual(sent.data);
    const row = await receiver.event('message_group.updated');
    expect(row).toMatchObject({
      kind: 'direct',
      handle: 'ada',
      message: 'hello',
      last_seq: 1,
      unread_count: 1,
    });
    expect(await second.event('message_group.updated')).toMatchObject({ handle: 'ben', unread_count: 0 });

    const again = await sender.request('message.send', {
      handle: 'ben',
      message: 'hello',
      idempotency_key: 'k1',
    });
    expect(again.data).toEqual(sent.data);
    const overHttp = await one.post('/api/messages', { as: ben, body: { handle: 'ada', message: 'hi' } });
    expect(await second.event('message.created', ({ seq }) => seq === 2)).toEqual(overHttp.body);
  });

  it('is published by the node that appended it while the stream is stopped, and not delivered again afterwards', async () => {
    const [sender, here, there] = [await join(one, ada), await join(one, ben), await join(other, ben)];
    const first = await sender.request('message.send', { handle: 'ben', message: 'by the stream' });
    const { message_group_uuid } = first.data;
    for (const client of [here, there])
      await client.event('message_group.updated', ({ message }) => message === 'by the stream');
    await stream.stop();
    const pushed = await sender.request('message.send', { message_group_uuid, message: 'ahead of it' });
    for (const client of [sender, here, there])
      expect(await client.event('message.created', ({ seq }) => seq === pushed.data.seq)).toEqual(
        pushed.data,
      );
    expect(there.events('message_group.updated').some(({ message }) => message === 'ahead of it')).toBe(
      false,
    );
    stream = world.runStream();
    for (const client of [here, there])
      await client.event('message_group.updated', ({ message }) => message === 'ahead of it');
    for (const client of [sender, here, there]) {
      const seqs = client.events('message.created').map(({ seq }) => seq);
      expect(seqs).toEqual([first.data.seq, pushed.data.seq]);
    }
  });

  it('arrives once and in the order of the log', async () => {
    const [sender, receiver] = [await join(one, ada), await join(other, cleo)];
    await sender.request('message.send', { handle: 'cleo', message: '0' });
    await Promise.all(
      // As many as one person may have in flight.
      Array.from({ length: 32 }, (_, index) =>
        sender.request('message.send', { handle: 'cleo', message: `${index}` }),
      ),
    );
    await receiver.event('message.created', ({ seq }) => seq === 33);
    const seqs = receiver.events('message.created').map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 33 }, (_, index) => index + 1));
  });
});

describe('a group', () => {
  it('sends its members every entry, and a removed member the removal and nothing after it', async () => {
    const [admin, member, removed] = [await join(one, ada), await join(other, ben), await join(other, cleo)];
    const body = { title: 'three', handles: ['ben', 'cleo'] };
    const created = await one.post('/api/message_groups', { as: ada, body });
    const uuid = created.body.message_group_uuid;
    const ofGroup = ({ message_group_uuid }: { message_group_uuid: string }) => message_group_uuid === uuid;
    for (const client of [admin, member, removed]) {
      expect(await client.event('message.created', ofGroup)).toMatchObject({ seq: 1, type: 'group_created' });
      await client.event(
        'membership',
        (data) => ofGroup(data) && data.user_uuid === cleo?.uuid && data.change === 'added',
      );
      await client.event('message_group.updated', (row) => row.uuid === uuid && row.display_name === 'three');
    }
    await removed.request('typing', { message_group_uuid: uuid });
    await member.event('typing', ({ user_uuid }) => user_uuid === cleo?.uuid);

    await one.delete(`/api/message_groups/${uuid}/members/cleo`, { as: ada });
    await removed.event('membership', (data) => ofGroup(data) && data.change === 'removed');
    await sleep(1_000);
    const before = removed.frames.length;
    expect(await removed.request('typing', { message_group_uuid: uuid })).toMatchObject({
      success: false,
      error: { code: 'message_group_not_found' },
    });
    await admin.request('message.send', { message_group_uuid: uuid, message: 'without cleo' });
    await admin.request('typing', { message_group_uuid: uuid });
    await admin.request('message_group.read', { message_group_uuid: uuid, seq: 3 });
    await member.event('message.created', (data) => ofGroup(data) && data.message === 'without cleo');
    await member.event('message_group.read', ofGroup);
    await sleep(200);
    expect(removed.frames.slice(before).filter(({ type }) => type === 'event')).toEqual([]);
  });
});

describe('a removed member', () => {
  it('receives nothing more after a second, even while the stream is stopped', async () => {
    const [admin, member, removed] = [await join(one, ada), await join(other, ben), await join(other, cleo)];
    const body = { title: 'still', handles: ['ben', 'cleo'] };
    const created = await one.post('/api/message_groups', { as: ada, body });
    const uuid: string = created.body.message_group_uuid;
    const ofGroup = (data: { message_group_uuid: string }) => data.message_group_uuid === uuid;
    await removed.event('membership', (data) => ofGroup(data) && data.user_uuid === cleo?.uuid);
    // Now their node has cached the members.
    await admin.request('typing', { message_group_uuid: uuid });
    await removed.event('typing', ofGroup);
    await stream.stop();
    await one.delete(`/api/message_groups/${uuid}/members/cleo`, { as: ada });
    await sleep(1_000);
    const before = removed.frames.length;
    await admin.request('message_group.read', { message_group_uuid: uuid, seq: 2 });
    expect(await member.event('message_group.read', ofGroup)).toMatchObject({ read_seq: 2 });
    // A node sends to all its sockets at once, so the answer to a later request arrives after the event.
    await removed.request('ping', {});
    expect(removed.frames.slice(before).filter(({ type }) => type === 'event')).toEqual([]);
    stream = world.runStream();
  });

  it('receives nothing from a node that waited for names during the removal', async () => {
    const proxy = await createDatabaseProxy(world.database.url);
    const slow = await world.liveNode({ DATABASE_URL: proxy.url });
    const removed = await join(slow, cleo);
    await stream.stop();
    const body = { title: 'slow names', handles: ['ben', 'cleo'] };
    const created = await one.post('/api/message_groups', { as: ada, body });
    const uuid: string = created.body.message_group_uuid;
    await one.post('/api/messages', { as: ada, body: { message_group_uuid: uuid, message: 'a secret' } });
    // A recent entry is shown with its stored names, without a wait.
    await sleep(4_200);
    proxy.freeze();
    stream = world.runStream();
    await sleep(1_000);
    await one.delete(`/api/message_groups/${uuid}/members/cleo`, { as: ada });
    const removedAtMs = performance.now();
    const ofGroup = ({ data }: { data: Record<string, unknown> }) =>
      data?.message_group_uuid === uuid || data?.uuid === uuid;
    await removed.frame((frame) => ofGroup(frame) && frame.data.change === 'removed', 30_000);
    const late = removed.frames.filter(
      (frame, index) =>
        ofGroup(frame) &&
        frame.event !== 'membership' &&
        (removed.arrivedAtMs[index] ?? 0) > removedAtMs + 1_000,
    );
    expect(late).toEqual([]);
    proxy.restore();
    await removed.close();
    await slow.close();
    await proxy.close();
  }, 60_000);
});

describe('a read position', () => {
  it('is sent to the members, and with the unread count to the other devices of the reader', async () => {
    const [writer, reader, second] = [await join(one, ada), await join(other, ben), await join(one, ben)];
    const sent = await writer.request('message.send', { handle: 'ben', message: 'unread' });
    const { message_group_uuid, seq } = sent.data;
    await reader.event('message_group.updated', ({ last_seq }) => last_seq === seq);
    const position = await reader.request('message_group.read', { message_group_uuid, seq });
    expect(position.data).toEqual({ read_seq: seq, unread_count: 0 });
    const isThis = (data: { read_seq: number }) => data.read_seq === seq;
    for (const client of [writer, reader, second]) {
      const told = { message_group_uuid, user_uuid: ben?.uuid, read_seq: seq };
      expect(await client.event('message_group.read', isThis)).toEqual(told);
    }
    await second.event('message_group.updated', (row) => row.read_seq === seq && row.unread_count === 0);
    await writer.request('message.send', { message_group_uuid, message: 'another' });
    await reader.event('message_group.updated', (row) => row.last_seq === seq + 1 && row.unread_count === 1);
    await one.put(`/api/message_groups/${message_group_uuid}/read`, { as: ben, body: { seq: seq + 1 } });
    await writer.event('message_group.read', ({ read_seq }) => read_seq === seq + 1);
  });
});

describe('a new member', () => {
  it('has no read position, and no event claims one before they read', async () => {
    const [admin, added] = [await join(one, ada), await join(other, ben)];
    const cleo = await world.person(`cleo-${Date.now()}`, 'Cleo');
    const { body } = await one.post('/api/message_groups', {
      as: ada,
      body: { title: 'Joined', handles: [cleo.handle] },
    });
    await one.post(`/api/message_groups/${body.uuid}/members`, { as: ada, body: { handle: 'ben' } });
    await added.event('membership', ({ message_group_uuid }) => message_group_uuid === body.uuid);
    const mark = (seq: number) => added.request('message_group.read', { message_group_uuid: body.uuid, seq });
    expect((await mark(1)).data).toEqual({ read_seq: 2, unread_count: 0 });
    expect((await mark(2)).data).toEqual({ read_seq: 2, unread_count: 0 });
    await admin.event('message_group.read', ({ message_group_uuid }) => message_group_uuid === body.uuid);
    const told = admin.frames.filter(
      ({ event, data }) => event === 'message_group.read' && data.message_group_uuid === body.uuid,
    );
    expect(told.map(({ data }) => data.read_seq)).toEqual([2]);
  });
});

describe('settings', () => {
  it('are sent to all devices of the person and to nobody else, and a message unhides a conversation', async () => {
    const [writer, first, second] = [await join(one, ada), await join(one, ben), await join(other, ben)];
    const sent = await writer.request('message.send', { handle: 'ben', message: 'noise' });
    const { message_group_uuid: uuid } = sent.data;
    await one.put(`/api/message_groups/${uuid}/settings`, { as: ben, body: { muted: true, hidden: true } });
    for (const client of [first, second])
      await client.event('message_group.updated', (row) => row.uuid === uuid && row.muted && row.hidden);
    await writer.request('message.send', { message_group_uuid: uuid, message: 'more noise' });
    for (const client of [first, second])
      await client.event(
        'message_group.updated',
        (row) => row.message === 'more noise' && row.muted && !row.hidden,
      );
    expect(writer.events('message_group.updated').some((row) => row.muted || row.hidden)).toBe(false);
    await one.put(`/api/message_groups/${uuid}/settings`, { as: ben, body: { muted: false } });
    await second.event('message_group.updated', (row) => row.settings_version === 2 && !row.muted);
  });
});

describe('presence', () => {
  it('is shared by people who share a conversation: at the start, when they arrive and when they leave', async () => {
    const stranger = await world.person('stranger');
    await one.post('/api/messages', { as: ada, body: { handle: 'ben', message: 'we know each other' } });
    const [first, nobody] = [await join(one, ada), await join(one, stranger)];
    const second = await join(other, ben);
    const isOf =
      (person: TestPerson | undefined, online: boolean) => (data: { user_uuid: string; online: boolean }) =>
        data.user_uuid === person?.uuid && data.online === online;
    await second.event('presence', isOf(ada, true));
    await first.event('presence', isOf(ben, true));
    await second.close();
    await first.event('presence', isOf(ben, false), 6_000);
    expect(nobody.events('presence')).toEqual([]);
  });
});

describe('people on a dead node', () => {
  it('are soon shown as offline, unless they have reconnected elsewhere', async () => {
    const gone = await world.liveNode();
    const [dora, emil] = [await world.person('dora'), await world.person('emil')];
    for (const { handle } of [dora, emil])
      await one.post('/api/messages', { as: ada, body: { handle, message: 'we know each other' } });
    await Promise.all([join(gone, dora), join(gone, emil)]);
    // The list of nodes is at most a second old.
    await sleep(1_100);
    const watcher = await join(one, ada);
    const isOf = (person: TestPerson, online: boolean) => (data: { user_uuid: string; online: boolean }) =>
      data.user_uuid === person.uuid && data.online === online;
    for (const person of [dora, emil]) await watcher.event('presence', isOf(person, true));
    await gone.close();
    await join(other, emil);
    await watcher.event('presence', isOf(dora, false), 30_000);
    expect(watcher.events('presence').some(isOf(emil, false))).toBe(false);
  }, 45_000);
});

describe('a large conversation', () => {
  it('sends its entries at once, and its rows once a second', async () => {
    const people = await Promise.all(Array.from({ length: 101 }, (_, index) => world.person(`m${index}`)));
    const handles = people.map(({ handle }) => handle);
    const body = { title: 'large', handles: handles.slice(0, 48) };
    const created = await one.post('/api/message_groups', { as: ada, body });
    const uuid: string = created.body.message_group_uuid;
    for (let start = 48; start < people.length; start += 48) {
      await messageGroups.addMembers(one.ctx.log, {
        messageGroupUuid: uuid,
        actor: ada as TestPerson,
        people: people.slice(start, start + 48),
      });
    }
    const [writer, reader] = [await join(one, ada), await join(other, people[100])];
    await writer.request('message.send', { message_group_uuid: uuid, message: 'first' });
    await sleep(500);
    for (let message = 0; message < 5; message += 1)
      await writer.request('message.send', { message_group_uuid: uuid, message: `${message}` });
    await reader.event('message.created', ({ message }) => message === '4');
    const shows = (row: { message: string }) => row.message === '4';
    expect(reader.events('message_group.updated').some(shows)).toBe(false);
    await reader.event('message_group.updated', (row) => row.message === '4' && row.unread_count === 6);
    expect(reader.events('message_group.updated').filter((row) => row.uuid === uuid).length).toBeLessThan(4);
    const seqs = reader.events('message.created').map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((left, right) => left - right));
  });
});

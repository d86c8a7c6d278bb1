import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type LiveClient } from '../testing/live-client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['liveNode']>>;
let ada: TestPerson;
let ben: TestPerson;
let open: LiveClient[] = [];

beforeAll(async () => {
  world = await createWorld();
  api = await world.liveNode();
  ada = await world.person('ada');
  ben = await world.person('ben');
});
afterEach(async () => {
  for (const client of open) await client.close();
  open = [];
});
afterAll(() => world.close());

async function visit(node: { url: string } = api) {
  const client = await connect(node.url);
  open.push(client);
  return client;
}

async function join(person: TestPerson, node: { url: string } = api) {
  const client = await visit(node);
  expect(await client.authenticate(person)).toMatchObject({ success: true });
  return client;
}

describe('a frame', () => {
  it('that does not parse is answered, and too many of them close the socket', async () => {
    const client = await join(ada);
    const junk = [
      '',
      'x',
      '{',
      'null',
      '[]',
      '{"id":7,"action":"ping"}',
      '{"id":"","action":"ping"}',
      randomBytes(64),
    ];
    for (const text of junk) client.socket.send(text);
    expect(await client.request('ping')).toMatchObject({ success: true });
    const answers = client.frames.filter(({ request_id }) => request_id === null);
    expect(answers.map(({ error }) => error.code)).toEqual([
      ...['json_invalid', 'json_invalid', 'json_invalid'],
      ...['frame_invalid', 'frame_invalid', 'frame_invalid', 'frame_invalid', 'json_invalid'],
    ]);
    for (const text of ['x', 'x']) client.socket.send(text);
    expect((await client.closed).code).toBe(4400);
  });

  it('with a wrong action or payload is refused with the codes of the HTTP API', async () => {
    const client = await join(ada);
    const uuid = '11111111-1111-4111-8111-111111111111';
    const refusals: [string, unknown, string][] = [
      ['nothing', {}, 'action_unknown'],
      ['constructor', {}, 'action_unknown'],
      ['message.send', undefined, 'body_invalid'],
      ['message.send', { handle: 'ben', message: ' ' }, 'message_blank'],
      ['message.send', { message: 'hello' }, 'message_group_uuid_blank'],
      ['message.send', { handle: 'nobody', message: 'hello' }, 'user_not_found'],
      ['message.send', { handle: 'ben', message: 'hello', idempotency_key: '' }, 'idempotency_key_invalid'],
      ['message.send', { message_group_uuid: uuid, message: 'hello' }, 'message_group_not_found'],
      ['message.send', { handle: 'ben', message: 'x'.repeat(1_025) }, 'message_exceed_max_chars_1024'],
      ['message_group.read', { message_group_uuid: uuid, seq: 1 }, 'message_group_not_found'],
      ['message_group.read', { message_group_uuid: uuid, seq: -1 }, 'seq_invalid'],
      ['typing', { message_group_uuid: 'x' }, 'message_group_uuid_invalid'],
      ['typing', { message_group_uuid: uuid }, 'message_group_not_found'],
    ];
    for (const [action, payload, code] of refusals) {
      const answer = await client.request(action, payload);
      expect([action, answer.success, answer.error.code]).toEqual([action, false, code]);
    }
  });

  it('that is too large or breaks the protocol closes only its own socket', async () => {
    const [big, broken, bystander] = [await join(ada), await join(ada), await join(ada)];
    big.socket.send('x'.repeat(100_000));
    expect((await big.closed).code).toBe(1009);
    (broken.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(randomBytes(200));
    expect([1002, 1006, 1007, 1009]).toContain((await broken.closed).code);
    expect(await bystander.request('ping')).toMatchObject({ success: true });
  });

  it('beyond the limit of the socket or the person is refused with the time to wait', async () => {
    const node = await world.liveNode({ REALTIME_FRAMES_PER_SECOND: '5', RATE_LIMIT_PER_MINUTE: '4' });
    const client = await join(ada, node);
    const sends = [];
    for (let send = 0; send < 4; send += 1)
      sends.push(await client.request('message.send', { handle: 'ben', message: `${send}` }));
    // The fourth is the `authenticate`.
    expect(sends.map(({ success }) => success)).toEqual([true, true, true, false]);
    expect(sends[3].error).toMatchObject({ code: 'rate_limited', retry_after: expect.any(Number) });
    const pings = await Promise.all(Array.from({ length: 20 }, () => client.request('ping')));
    const refused = pings.filter(({ error }) => error?.code === 'rate_limited');
    expect(refused).toHaveLength(19);
    expect(refused[0].error.retry_after).toBeGreaterThan(0);
    for (let frame = 0; frame < 120; frame += 1) client.socket.send('{"id":"x","action":"ping"}');
    expect((await client.closed).code).toBe(4429);
  });

  it.each([
    ['typing', (uuid: string) => ({ message_group_uuid: uuid })],
    ['ping', () => ({})],
    ['authenticate', () => ({ token: ada.token })],
    ['nothing', () => ({})],
  ])('counts against the limit of its person: %s', async (action, payload) => {
    const node = await world.liveNode({ RATE_LIMIT_PER_MINUTE: '10' });
    const client = await join(ada, node);
    const uuid = '11111111-1111-4111-8111-111111111111';
    for (let frame = 0; frame < 10; frame += 1) await client.request(action, payload(uuid));
    const answer = await client.request(action, payload(uuid));
    expect(answer.error).toMatchObject({ code: 'rate_limited', retry_after: expect.any(Number) });
    expect((await node.get('/api/profile', { as: ada })).status).toBe(429);
    // Another socket counts for the same person, and its client must be asked to wait, not be told that its token is
    // wrong.
    const late = await visit(node);
    expect(await late.authenticate(ada)).toMatchObject({ error: { code: 'rate_limited' } });
    expect((await late.closed).code).toBe(4429);
  });

  it('that is a heartbeat is answered even if its person has used up every limit', async () => {
    const node = await world.liveNode({ RATE_LIMIT_PER_MINUTE: '5', REALTIME_FRAMES_PER_SECOND: '2' });
    const client = await join(ada, node);
    for (let frame = 0; frame < 20; frame += 1) client.socket.send('{"id":"x","action":"nothing"}');
    expect(await client.request('ping')).toMatchObject({ success: true });
    expect(await client.request('ping')).toMatchObject({ error: { code: 'rate_limited' } });
    await sleep(4_100);
    expect(await client.request('ping')).toMatchObject({ success: true });
  }, 10_000);

  it('of typing is published once a second for each person and conversation, across devices', async () => {
    const [one, two, reader] = [await join(ada), await join(ada), await join(ben)];
    const sent = await one.request('message.send', { handle: 'ben', message: 'typing' });
    const { message_group_uuid } = sent.data;
    const answers = [];
    for (let frame = 0; frame < 30; frame += 1)
      answers.push(await (frame % 2 ? one : two).request('typing', { message_group_uuid }));
    const told = answers.filter(({ success }) => success).length;
    expect(told).toBeLessThan(5);
    expect(answers.filter(({ error }) => error?.code === 'rate_limited')).toHaveLength(30 - told);
    await reader.event('typing');
    expect(reader.events('typing').length).toBeLessThanOrEqual(told);
  });
});

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import * as connections from '@parley/core/live/connections';
import { deadAfterMs } from '@parley/core/live/nodes';
import * as entries from '@parley/core/log/entries';
import * as users from '@parley/core/people/users';
import { listedNodeKey, placeKey } from '@parley/core/table/keys';
import { startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { connect, type LiveClient } from '../testing/live-client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

type Api = Awaited<ReturnType<World['liveNode']>>;

let world: World;
let api: Api;
let ada: TestPerson;
let ben: TestPerson;
let open: LiveClient[] = [];

beforeAll(async () => {
  world = await createWorld();
  api = await world.liveNode({ CORS_ORIGINS: 'https://chat.example' });
  ada = await world.person('ada');
  ben = await world.person('ben');
  world.runStream();
});
afterEach(async () => {
  for (const client of open) await client.close();
  open = [];
});
afterAll(() => world.close());

async function visit(node: { url: string } = api, options: { origin?: string } = {}) {
  const client = await connect(node.url, options);
  open.push(client);
  return client;
}

async function join(person: TestPerson, node: { url: string } = api) {
  const client = await visit(node);
  expect(await client.authenticate(person)).toMatchObject({ success: true });
  return client;
}

const expiring = (person: TestPerson, seconds: number) =>
  world.issuer.token(person.sub, { claims: { exp: Math.floor(Date.now() / 1_000) + seconds } });

describe('a handshake', () => {
  it('is open to allowed origins, to its own origin, and to clients that are not browsers', async () => {
    for (const origin of ['https://chat.example', api.url, undefined]) {
      await (await visit(api, origin === undefined ? {} : { origin })).close();
    }
    for (const origin of [
      'https://evil.example',
      'null',
      'https://chat.example.evil.example',
      api.url.replace('http', 'ftp://x?'),
    ])
      await expect(visit(api, { origin })).rejects.toThrow('status 403');
  });

  it('is limited per second', async () => {
    const node = await world.liveNode({ REALTIME_HANDSHAKES_PER_SECOND: '2' });
    // Concurrently, because places become free after a while.
    const visits = await Promise.allSettled(Array.from({ length: 10 }, () => visit(node)));
    const refusals = visits.filter((each) => each.status === 'rejected');
    expect(visits.length - refusals.length).toBeGreaterThanOrEqual(2);
    expect(new Set(refusals.map(({ reason }) => reason.message))).toEqual(new Set(['status 503']));
  });

  it.each<Record<string, string>>([
    { REALTIME_UNAUTHENTICATED: '2' },
    { REALTIME_UNAUTHENTICATED_PER_ADDRESS: '2' },
  ])('closes the oldest silent socket if too many wait, %j', async (changes) => {
    const node = await world.liveNode(changes);
    const member = await join(ada, node);
    const silent = [await visit(node), await visit(node), await visit(node), await visit(node)];
    for (const { closed } of silent.slice(0, 2))
      expect(await closed).toEqual({ code: 4429, reason: 'others wait' });
    expect(silent.slice(2).map(({ socket }) => socket.readyState)).toEqual([1, 1]);
    expect(await member.request('ping')).toMatchObject({ success: true });
  });

  it('counts by the address that the trusted proxies saw', async () => {
    const node = await world.liveNode({ REALTIME_UNAUTHENTICATED_PER_ADDRESS: '1', TRUSTED_PROXIES: '1' });
    const from = async (address: string) => {
      const client = await connect(node.url, { headers: { 'X-Forwarded-For': `6.6.6.6, ${address}` } });
      open.push(client);
      return client;
    };
    const [first, other] = [await from('203.0.113.1'), await from('203.0.113.2')];
    await from('203.0.113.1');
    expect((await first.closed).code).toBe(4429);
    expect(other.socket.readyState).toBe(1);
  });

  it('of 230 silent sockets does not keep an honest client out', async () => {
    const node = await world.liveNode();
    const silent = await Promise.all(Array.from({ length: 230 }, () => visit(node)));
    const honest = await Promise.all(
      Array.from({ length: 30 }, async (_, index) =>
        (await join(index % 2 ? ada : ben, node)).request('ping'),
      ),
    );
    expect(honest.filter(({ success }) => success)).toHaveLength(30);
    expect(silent.filter(({ socket }) => socket.readyState === 1).length).toBeLessThanOrEqual(200);
  }, 20_000);
});

describe('authentication', () => {
  it('must come first and in time', async () => {
    const [silent, eager, wrong] = [await visit(), await visit(), await visit()];
    expect(await eager.request('ping')).toMatchObject({ success: false, error: { code: 'generic_401' } });
    expect((await eager.closed).code).toBe(4401);
    expect(await wrong.request('authenticate', { token: 'x' })).toMatchObject({
      error: { code: 'generic_401' },
    });
    expect((await wrong.closed).code).toBe(4401);
    expect(await silent.closed).toEqual({ code: 4401, reason: 'authenticate first' });
  }, 10_000);

  it('ends with its token, unless a fresh one of the same person came before', async () => {
    const [left, renewed] = [await visit(), await visit()];
    const token = await expiring(ada, 2);
    const answer = await left.authenticate({ token });
    expect(Date.parse(answer.data.expires_at)).toBeLessThan(Date.now() + 3_000);
    await renewed.authenticate({ token });
    await renewed.authenticate(ada);
    expect(await left.closed).toEqual({ code: 4401, reason: 'the token has expired' });
    await sleep(300);
    expect(await renewed.request('ping')).toMatchObject({ success: true });

    const stranger = await world.person('stranger');
    expect(await renewed.authenticate(stranger)).toMatchObject({ error: { code: 'generic_401' } });
    expect((await renewed.closed).code).toBe(4401);
  });

  it("writes the person's node with the first socket, and removes it with the last", async () => {
    const dora = await world.person('dora');
    const [first, second] = [await join(dora), await join(dora)];
    expect(await connections.places(world.table, dora.uuid)).toHaveLength(1);
    await first.close();
    await sleep(200);
    expect(await connections.places(world.table, dora.uuid)).toHaveLength(1);
    await second.close();
    await sleep(200);
    expect(await connections.places(world.table, dora.uuid)).toEqual([]);
  });

  it('is refused if a person has too many sockets', async () => {
    const node = await world.liveNode({ REALTIME_SOCKETS_PER_PERSON: '2' });
    await join(ada, node);
    const second = await join(ada, node);
    const third = await visit(node);
    expect(await third.authenticate(ada)).toMatchObject({ error: { code: 'too_many_connections' } });
    expect((await third.closed).code).toBe(4429);
    await second.close();
    await sleep(100);
    await join(ada, node);
  });
});

describe('a session that ends', () => {
  it('closes the sockets on every node: at once after a sign-out, with a frame a second later for a disabled account', async () => {
    const other = await world.liveNode();
    const [emma, finn] = [await world.person('emma'), await world.person('finn')];
    await api.post('/api/messages', { as: emma, body: { handle: 'finn', message: 'hello' } });
    const [here, there, shut] = [await join(emma), await join(emma, other), await join(finn, other)];
    await api.post('/api/sign-out', { as: emma });
    for (const client of [here, there]) expect(await client.closed).toMatchObject({ code: 4401 });

    await users.disable(world.database.pool, finn.uuid);
    const disabledAtMs = performance.now();
    const closed = shut.closed.then(({ code }) => code);
    let answer: unknown;
    while (answer !== 4401 && performance.now() - disabledAtMs < 5_000) {
      await sleep(100);
      answer = await Promise.race([closed, shut.request('ping')]);
    }
    expect(answer).toBe(4401);
    expect(performance.now() - disabledAtMs).toBeLessThan(2_000);
  });

  it('closes the sockets of a silent person too, after bin/cognito/disable-user', async () => {
    const other = await world.liveNode();
    const mona = await world.person('mona');
    const sockets = [await join(mona), await join(mona, other)];
    const bystander = await join(ada, other);
    const { stdout } = await promisify(execFile)('bin/cognito/disable-user', ['mona', '--yes'], {
      env: { PATH: process.env.PATH, DATABASE_URL: world.database.url },
    });
    expect(stdout).toContain('@mona: disabled in Postgres');
    for (const client of sockets) expect(await client.closed).toMatchObject({ code: 4401 });
    expect(await bystander.request('ping')).toMatchObject({ success: true });
  }, 40_000);
});

describe('a slow reader', () => {
  it('is closed with 4408 when its buffer is full, and finds the rest in the log', async () => {
    const node = await world.liveNode({
      REALTIME_BUFFER_BYTES: '200000',
      MESSAGE_MAX_CHARS: '60000',
      REALTIME_FRAMES_PER_SECOND: '0',
    });
    const gus = await world.person('gus');
    const [slow, writer] = [await join(gus, node), await join(ada, node)];
    slow.socket.pause();
    // More than the buffer and those of the kernel hold.
    const message = 'x'.repeat(60_000);
    for (let round = 0; round < 10; round += 1) {
      const sends = Array.from({ length: 20 }, () =>
        writer.request('message.send', { handle: 'gus', message }),
      );
      for (const sent of await Promise.all(sends)) expect(sent).toMatchObject({ success: true });
    }
    slow.socket.resume();
    expect(await slow.closed).toEqual({ code: 4408, reason: 'too slow' });
    const received = slow.events('message.created').map(({ seq }) => seq);
    expect(received.length).toBeLessThan(200);
    expect(received).toEqual(received.map((_, index) => index + 1));
    const again = await join(gus, node);
    const missed = await again.frame(({ type }) => type === 'response');
    expect(missed).toMatchObject({ success: true });
    const uuid = slow.events('message.created')[0].message_group_uuid;
    const rest = await node.get(`/api/messages/${uuid}?limit=100&after_seq=${received.length}`, { as: gus });
    expect(rest.body[0]).toMatchObject({ seq: received.length + 1, message });
  }, 60_000);
});

describe('an unreachable table', () => {
  it('answers sends with busy and loses nothing; afterwards sockets that may have missed entries resync', async () => {
    let isAway = false;
    const proxy = await startFaultProxy(world.env.AWS_ENDPOINT_URL_DYNAMODB, () =>
      isAway ? 'drop' : 'pass',
    );
    const node = await world.liveNode({ AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
    const [kim, lou] = [await world.person('kim'), await world.person('lou')];
    const [writer, reader] = [await join(kim, node), await join(lou, node)];
    const first = await writer.request('message.send', { handle: 'lou', message: 'before' });
    const { message_group_uuid } = first.data;
    await reader.event('message.created', ({ seq }) => seq === 1);
    isAway = true;
    expect(await writer.request('message_group.read', { message_group_uuid, seq: 1 })).toMatchObject({
      success: false,
    });
    const during = writer.request('message.send', { message_group_uuid, message: 'during' }, 15_000);
    expect(await during).toMatchObject({ success: false, error: { code: 'busy' } });
    expect(await reader.request('ping')).toMatchObject({ success: true });
    isAway = false;
    const after = await writer.request('message.send', { message_group_uuid, message: 'after' }, 15_000);
    expect(after).toMatchObject({ success: true });
    await reader.event('message.created', ({ message }) => message === 'after', 15_000);
    await reader.event('message_group.updated', ({ message }) => message === 'after', 15_000);
    await proxy.close();
  }, 60_000);
});

describe('an authenticate while the table is unreachable', () => {
  it('has no effect: the next one registers the person, who receives everything from then on', async () => {
    let isAway = false;
    const proxy = await startFaultProxy(world.env.AWS_ENDPOINT_URL_DYNAMODB, (operation) =>
      isAway && operation === 'PutItem' ? 'fail' : 'pass',
    );
    const node = await world.liveNode({ AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
    const moe = await world.person('moe');
    const client = await visit(node);
    isAway = true;
    expect(await client.authenticate(moe)).toMatchObject({ success: false });
    isAway = false;
    expect(await client.request('ping')).toMatchObject({ success: false, error: { code: 'generic_401' } });
    await client.closed;
    const again = await visit(node);
    isAway = true;
    expect(await again.authenticate(moe)).toMatchObject({ success: false });
    isAway = false;
    expect(await again.authenticate(moe)).toMatchObject({ success: true });
    await api.post('/api/messages', { as: ada, body: { handle: 'moe', message: 'are you there?' } });
    await again.event('message.created', ({ message }) => message === 'are you there?');
    await again.close();
    await node.close();
    await proxy.close();
  }, 60_000);
});

describe('a node that others treated as dead', () => {
  it('makes its sockets resync after its next heartbeat', async () => {
    const node = await world.liveNode();
    const ned = await world.person('ned');
    const client = await join(ned, node);
    const { clock } = node.ctx.table;
    const now = clock.now;
    // The next heartbeat comes this late, and nobody recorded deliveries that this node missed until then.
    clock.now = () => now() + deadAfterMs;
    await client.event('resync', () => true, 25_000);
  }, 45_000);
});

describe('a delivery that does not arrive', () => {
  it('makes the node resync its sockets within 15 s', async () => {
    const node = await world.liveNode();
    const hana = await world.person('hana');
    const client = await join(hana, node);
    const [place] = await connections.places(world.table, hana.uuid);
    const nodeId = place?.nodeId ?? '';
    const now = new Date().toISOString();
    const attributes = {
      endpoint: 'http://127.0.0.1:9',
      ttl: Math.floor(Date.now() / 1_000) + 3_600,
      since: now,
      seen_at: now,
    };
    for (const key of [placeKey(hana.uuid, nodeId), listedNodeKey(nodeId)])
      await world.table.doc.send(
        new PutCommand({ TableName: world.table.name, Item: { ...key, ...attributes } }),
      );
    const { body } = await api.post('/api/messages', {
      as: ada,
      body: { handle: 'hana', message: 'missed' },
    });
    await client.event('resync', () => true, 15_000);
    expect(client.events('message.created')).toEqual([]);
    const inbox = await node.get('/api/message_groups', { as: hana });
    expect(inbox.body[0]).toMatchObject({ uuid: body.message_group_uuid, last_seq: 1, unread_count: 1 });
  }, 30_000);
});

describe('a node that stops', () => {
  it('answers the frames in flight, and closes its sockets with the time to reconnect', async () => {
    const node = await world.liveNode();
    const ivan = await world.person('ivan');
    const client = await join(ivan, node);
    await client.request('message.send', { handle: 'ada', message: 'first' });
    const sends = Array.from({ length: 20 }, (_, index) =>
      client.request('message.send', { handle: 'ada', message: `${index}` }),
    );
    const settled = Promise.allSettled(sends);
    await sends[0];
    const closing = node.close();
    expect(await client.closed).toEqual({
      code: 1001,
      reason: expect.stringMatching(/^reconnect_after_ms=\d{1,4}$/),
    });
    await closing;
    await expect(visit(node)).rejects.toThrow();
    const answered = client.frames.filter(
      ({ type, success, data }) => type === 'response' && success && data.seq,
    );
    const uuid = answered[0].data.message_group_uuid;
    const log = await entries.range(world.table, uuid, { order: 'ascending' });
    expect(log.entries.map(({ message_uuid }) => message_uuid).sort()).toEqual(
      answered.map(({ data }) => data.uuid).sort(),
    );
    expect(await connections.places(world.table, ivan.uuid)).toEqual([]);
    await settled;
  }, 20_000);
});

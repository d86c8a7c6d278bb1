import { randomUUID } from 'node:crypto';
import { connect as connectTo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Fate, startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { testEndpoint } from '@parley/engines/testing/test-table';
import type { Reply } from '../testing/client.ts';
import { connect } from '../testing/live-client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';
import { createOverload } from './overload.ts';

let world: World;
let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
let fate: Fate = 'pass';
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  proxy = await startFaultProxy(testEndpoint(), () => fate);
  ada = await world.person('ada');
  await world.person('ben');
});
afterEach(() => {
  fate = 'pass';
});
afterAll(async () => {
  await world.close();
  await proxy.close();
});

const node = (changes: Record<string, string> = {}) =>
  world.liveNode({ AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint, ...changes });
type Api = Awaited<ReturnType<typeof node>>;

const group = async (api: Api) => {
  const body = { title: 'Pressure', handles: ['ben'] };
  return (await api.post('/api/message_groups', { as: ada, body })).body.uuid as string;
};
const send = (api: Api, uuid: string, message: string) =>
  api.post('/api/messages', { as: ada, body: { message_group_uuid: uuid, message }, key: message });

async function messagesOf(api: Api, uuid: string) {
  const texts: string[] = [];
  for (let after = 1; ; after = texts.length + 1) {
    const page = (await api.get(`/api/messages/${uuid}?limit=100&after_seq=${after}`, { as: ada })).body;
    for (const { message } of page) texts.push(message);
    if (page.length < 100) return texts;
  }
}

async function eventually<T>(read: () => Promise<T>, isRight: (value: T) => boolean, limitMs: number) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await read();
    if (isRight(value) || performance.now() > deadline) return value;
    await sleep(100);
  }
}

/** The client of these tests has checked the form of the error already. */
const expectRefused = ({ status, body, headers }: Reply) => {
  expect({ status, body }).toEqual({ status: 503, body: ['busy'] });
  expect(headers.get('Retry-After')).toMatch(/^[123]$/);
};

/** A leaked request, with its answer and its logger, would take several times as much. */
const bytesPerRequest = 2_000;

/** Bytes in use after a garbage collection. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('a node under five times its load', () => {
  const room = 10;

  /** Five times as many senders as the node has room for, without a pause between their sends. */
  async function storm(api: Api, uuid: string) {
    const sender = async (_: unknown, index: number) => {
      const replies: [text: string, reply: Reply][] = [];
      for (let turn = 0; turn < 6; turn += 1) {
        const text = `${index}/${turn}`;
        replies.push([text, await send(api, uuid, text)]);
      }
      return replies;
    };
    return (await Promise.all(Array.from({ length: 5 * room }, sender))).flat();
  }

  /** Sends requests while the node is full, until this many were refused. */
  async function turnAway(api: Api, uuid: string, count: number) {
    for (let turnedAway = 0; turnedAway < count; ) {
      const taken = Array.from({ length: room }, () => send(api, uuid, randomUUID()));
      const asked = Array.from({ length: 20 * room }, () => api.get('/api/message_groups', { as: ada }));
      turnedAway += (await Promise.all(asked)).filter(({ status }) => status === 503).length;
      await Promise.all(taken);
    }
  }

  it('refuses what it has no room for, finishes what it accepted, and recovers within 5 s', async () => {
    const api = await node({ MAX_REQUESTS_IN_FLIGHT: String(room), MAX_EVENT_LOOP_DELAY_MS: '0' });
    const uuid = await group(api);
    fate = { delayMs: 40 };
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, api.ctx.overload.inFlight());
    }, 5);
    const replies = await storm(api, uuid);
    clearInterval(watching);
    fate = 'pass';
    const done = replies.filter(([, { status }]) => status === 200);
    const turnedAway = replies.filter(([, { status }]) => status !== 200);
    for (const [, reply] of turnedAway) expectRefused(reply);
    expect(done.length).toBeGreaterThan(0);
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(room);
    // A refused message must not have been written.
    expect((await messagesOf(api, uuid)).toSorted()).toEqual(done.map(([text]) => text).toSorted());
    expect(api.ctx.overload.inFlight()).toBe(0);
    const well = await eventually(
      () => Promise.all(Array.from({ length: room }, (_, index) => send(api, uuid, `well ${index}`))),
      (all) => all.every(({ status }) => status === 200),
      5_000,
    );
    expect(well.map(({ status }) => status)).toEqual(Array(room).fill(200));
    await api.close();
  }, 60_000);

  it('keeps no memory of refused requests', async () => {
    const api = await node({ MAX_REQUESTS_IN_FLIGHT: String(room), MAX_EVENT_LOOP_DELAY_MS: '0' });
    const uuid = await group(api);
    fate = { delayMs: 200 };
    // Caches and pools fill first and keep their size.
    await turnAway(api, uuid, 500);
    const before = heapInUse();
    await turnAway(api, uuid, 2_000);
    expect(heapInUse() - before).toBeLessThan(2_000 * bytesPerRequest);
    await api.close();
  }, 60_000);

  it('refuses frames too, and still answers readiness', async () => {
    const api = await node({ MAX_REQUESTS_IN_FLIGHT: '1', MAX_EVENT_LOOP_DELAY_MS: '0' });
    const uuid = await group(api);
    const client = await connect(api.url);
    await client.authenticate(ada);
    fate = { delayMs: 500 };
    const first = client.request('message.send', { message_group_uuid: uuid, message: 'one' });
    await eventually(
      async () => api.ctx.overload.inFlight(),
      (count) => count === 1,
      2_000,
    );
    const second = await client.request('message.send', { message_group_uuid: uuid, message: 'two' });
    expect(second).toMatchObject({ success: false, error: { code: 'busy' } });
    expectRefused(await api.get('/api/message_groups', { as: ada }));
    expect((await api.get('/api/health-check')).status).toBe(200);
    expect((await first).success).toBe(true);
    await client.close();
    await api.close();
  }, 30_000);
});

describe('the place of a request', () => {
  it('is freed if its client disconnects before it is authenticated', async () => {
    const api = await node({ MAX_REQUESTS_PER_PERSON: '4' });
    await api.get('/api/profile', { as: ada });
    const holder = await world.database.pool.connect();
    await holder.query('begin');
    await holder.query('lock table users in access exclusive mode');
    const leaving = new AbortController();
    const asked = Array.from({ length: 8 }, () =>
      fetch(`${api.url}/api/message_groups`, {
        headers: { Authorization: `Bearer ${ada.token}` },
        signal: leaving.signal,
      }).catch((error) => error.name),
    );
    const inFlight = async () => api.ctx.overload.inFlight();
    expect(await eventually(inFlight, (count) => count === 8, 5_000)).toBe(8);
    leaving.abort();
    expect(await Promise.all(asked)).toEqual(Array(8).fill('AbortError'));
    expect(await eventually(inFlight, (count) => count === 0, 5_000)).toBe(0);
    await holder.query('rollback');
    holder.release();
    for (let turn = 0; turn < 5; turn += 1)
      expect((await api.get('/api/message_groups', { as: ada })).status).toBe(200);
    expect(await eventually(inFlight, (count) => count === 0, 2_000)).toBe(0);
    await api.close();
  }, 30_000);

  it('is freed if its connection closes while pipelined requests still wait', async () => {
    const api = await node();
    await group(api);
    fate = { delayMs: 300 };
    const request = `GET /api/message_groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.token}\r\n\r\n`;
    const { hostname, port } = new URL(api.url);
    const socket = connectTo(Number(port), hostname, () => socket.write(request.repeat(3)));
    const inFlight = async () => api.ctx.overload.inFlight();
    expect(await eventually(inFlight, (count) => count === 3, 5_000)).toBe(3);
    socket.destroy();
    expect(await eventually(inFlight, (count) => count === 0, 5_000)).toBe(0);
    await api.close();
  }, 30_000);
});

/** Connections whose senders never send the end of a request's body. */
async function slowBodies(url: string, people: TestPerson[], count: number) {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, (_, index) => {
    const token = people[index % people.length]?.token;
    const head = `POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
    const socket = connectTo(Number(port), hostname, () =>
      socket.write(`${head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{`),
    );
    const answer = { text: '', isClosed: false };
    socket.setEncoding('utf8').on('data', (text) => {
      answer.text += text;
    });
    socket
      .on('error', () => {})
      .on('close', () => {
        answer.isClosed = true;
      });
    return { socket, answer };
  });
  return {
    answers: sockets.map(({ answer }) => answer),
    close() {
      for (const { socket } of sockets) socket.destroy();
    },
  };
}

describe('bodies that never arrive', () => {
  it('hold no place: 1,010 of two people do not block a third, and each is closed within seconds', async () => {
    const api = await node({ RATE_LIMIT_PER_MINUTE: '600' });
    const [cleo, dan] = [await world.person('cleo'), await world.person('dan')];
    const slow = await slowBodies(api.url, [cleo, dan], 1_010);
    await eventually(api.server.connections, (count) => count >= 1_010, 10_000);
    const statuses: number[] = [];
    for (let index = 0; index < 70; index += 1)
      statuses.push((await api.get('/api/message_groups', { as: ada })).status);
    expect(statuses).toEqual(Array(70).fill(200));
    const ended = async () => slow.answers.filter(({ isClosed }) => isClosed).length;
    expect(await eventually(ended, (count) => count === 1_010, 15_000)).toBe(1_010);
    expect(slow.answers[0]?.text).toMatch(/^HTTP\/1.1 408 [\s\S]*\["request_timeout"\]$/);
    slow.close();
    await api.close();
  }, 60_000);
});

describe('the requests in flight of a person', () => {
  it('are limited, over HTTP and sockets together, without an effect on others', async () => {
    const api = await node({ MAX_REQUESTS_PER_PERSON: '4' });
    const uuid = await group(api);
    const ben = await world.person('ben2');
    const client = await connect(api.url);
    await client.authenticate(ada);
    fate = { delayMs: 500 };
    const storm = Array.from({ length: 8 }, () => send(api, uuid, randomUUID()));
    const inFlight = async () => api.ctx.overload.inFlight();
    expect(await eventually(inFlight, (count) => count === 4, 2_000)).toBe(4);
    const frame = await client.request('message_group.read', { message_group_uuid: uuid, seq: 1 });
    expect(frame.error).toMatchObject({ code: 'rate_limited', retry_after: expect.any(Number) });
    expect((await api.get('/api/profile', { as: ben })).status).toBe(200);
    const replies = await Promise.all(storm);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([
      ...Array(4).fill(200),
      ...Array(4).fill(429),
    ]);
    for (const { status, headers } of replies)
      if (status === 429) expect(headers.get('Retry-After')).toMatch(/^[123]$/);
    fate = 'pass';
    expect((await send(api, uuid, 'after')).status).toBe(200);
    await client.close();
    await api.close();
  }, 30_000);
});

describe('an unreachable table', () => {
  it('answers 503, loses nothing acknowledged, answers retries with the first entry, and recovers by itself', async () => {
    const api = await node();
    const uuid = await group(api);
    const before = await send(api, uuid, 'before');
    expect(before.status).toBe(200);
    fate = 'drop';
    const meanwhile = await Promise.all(['a', 'b', 'c'].map((text) => send(api, uuid, text)));
    for (const reply of meanwhile) expectRefused(reply);
    expect(await api.get('/api/ready')).toMatchObject({
      status: 503,
      body: { status: 'unavailable', table: { status: 'unreachable' } },
    });
    fate = 'pass';
    const ready = await eventually(
      () => api.get('/api/ready'),
      ({ status }) => status === 200,
      10_000,
    );
    expect(ready.status).toBe(200);
    const retried = await Promise.all(['a', 'b', 'c'].map((text) => send(api, uuid, text)));
    expect(retried.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await send(api, uuid, 'before')).body).toEqual(before.body);
    expect((await messagesOf(api, uuid)).toSorted()).toEqual(['a', 'b', 'before', 'c']);
    await api.close();
  }, 60_000);
});

describe("the event loop's limit", () => {
  const block = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };
  const entered = (overload: ReturnType<typeof createOverload>) => {
    try {
      overload.enter()();
      return true;
    } catch {
      return false;
    }
  };

  it('refuses requests while the loop is late repeatedly, and accepts them afterwards', async () => {
    const overload = createOverload({ maxInFlight: 0, maxLoopDelayMs: 50 });
    expect(entered(overload)).toBe(true);
    const isRefusing = async () => {
      block(300);
      await sleep(1);
      return Array.from({ length: 20 }, () => entered(overload)).includes(false);
    };
    expect(await eventually(isRefusing, (isSo) => isSo, 10_000)).toBe(true);
    const isOpen = async () => Array.from({ length: 20 }, () => entered(overload)).every(Boolean);
    expect(await eventually(isOpen, (isSo) => isSo, 10_000)).toBe(true);
    overload.close();
  }, 30_000);
});

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  createDeliveryClient,
  type Delivery,
  maxDeliveryBytes,
  type NodeEvent,
} from '@parley/core/live/delivery';
import { sign, signatureHeader } from '@parley/core/live/delivery-signature';
import { createTable } from '@parley/core/table/client';
import { createClock } from '@parley/core/table/clock';
import { createLogger } from '../observe/logger.ts';
import { createDeliveryServer } from './delivery-server.ts';

const secrets = ['new', 'old'];
const taken: Delivery[] = [];
const start = async (nodeId: string) => {
  const server = createDeliveryServer({
    nodeId,
    secrets,
    clock: createClock(),
    logger: createLogger('silent'),
    onDelivery: (delivery) => taken.push(delivery),
    online: (userUuids) => userUuids.slice(0, 1),
  });
  return { ...server, port: await server.listen(0, '127.0.0.1') };
};
let server: Awaited<ReturnType<typeof start>>;
let url: string;
beforeAll(async () => {
  server = await start('here');
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const body = Buffer.from(JSON.stringify({ events: [{ event: 'sessions_ended', user_uuid: 'x' }] }));
type Changes = Partial<{ secret: string; nodeId: string; path: string; body: Buffer; nowMs: number }>;
const signed = (changes: Changes = {}) =>
  sign(changes.secret ?? 'new', { nodeId: 'here', path: '/deliver', body, nowMs: Date.now(), ...changes });

async function post(signature: string | undefined, path = '/deliver', sent: Buffer = body, to = url) {
  const headers: Record<string, string> = signature === undefined ? {} : { [signatureHeader]: signature };
  return (await fetch(`${to}${path}`, { method: 'POST', headers, body: new Uint8Array(sent) })).status;
}

/** Sends headers that announce a body, but no body. Resolves to the answer when the server closes the connection. */
function announce(bytes: number | 'chunked', signature = 'none'): Promise<string> {
  const length = bytes === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write(
        `POST /deliver HTTP/1.1\r\nHost: x\r\n${length}\r\n${signatureHeader}: ${signature}\r\n\r\n`,
      ),
    );
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

it('accepts a request signed with one of the secrets, once', async () => {
  const before = taken.length;
  const signature = signed();
  expect(await post(signature)).toBe(200);
  expect(await post(signature)).toBe(401);
  expect(await post(signed({ secret: 'old' }))).toBe(200);
  expect(taken).toHaveLength(before + 2);
});

it('refuses a request without a signature, or signed for another path, body or time', async () => {
  const minutes = 60_000;
  const wrong = [
    undefined,
    '',
    'Bearer x',
    '..',
    '...',
    signed({ secret: 'guessed' }),
    signed({ path: '/online' }),
    signed({ body: Buffer.from('{}') }),
    signed({ body: Buffer.from(String(body).replace('x', 'y')) }),
    signed({ nowMs: Date.now() - 6 * minutes }),
    signed({ nowMs: Date.now() + 6 * minutes }),
  ];
  for (const signature of wrong) expect(await post(signature)).toBe(401);
  expect(await post(signed({ nowMs: Date.now() - 4 * minutes }))).toBe(200);
  expect((await fetch(`${url}/deliver`)).status).toBe(404);
  expect(await post(signed({ path: '/' }), '/')).toBe(404);
});

it('refuses a request signed for another node, or for an earlier start of this one', async () => {
  const signature = signed();
  expect(await post(signature)).toBe(200);
  // Each start has an id of its own, so the new one has seen no nonce.
  const restarted = await start('here, started again');
  const to = `http://127.0.0.1:${restarted.port}`;
  expect(await post(signature, '/deliver', body, to)).toBe(401);
  expect(await post(signed(), '/deliver', body, to)).toBe(401);
  expect(await post(signed({ nodeId: 'here, started again' }), '/deliver', body, to)).toBe(200);
  await restarted.close();
});

it('decides by the headers: it never reads the body of a refused request, or one that is too long', async () => {
  for (const bytes of [60 * 2 ** 20, 50, 'chunked'] as const) {
    const status = bytes === 60 * 2 ** 20 ? 413 : 401;
    expect(await announce(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*Connection: close`));
  }
  // A genuine header with a length that was not signed.
  expect(await announce(body.length + 1, signed())).toMatch(/^HTTP\/1.1 401 /);
  // A body that never arrives does not hold its connection for long.
  expect(await announce(body.length, signed())).toMatch(/^HTTP\/1.1 408 /);
}, 15_000);

it('accepts a delivery that is too long for one request as several, in order', async () => {
  const table = createTable({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:9',
    name: 'none',
    runnerName: 'none',
  });
  const client = createDeliveryClient({ table, secrets, timeoutMs: 10_000 });
  const node = { nodeId: 'here', endpoint: url };
  const events = Array.from(
    { length: 5 },
    (_, index): NodeEvent => ({
      event: 'typing',
      message_group_uuid: `${index}`,
      user_uuid: 'x'.repeat(maxDeliveryBytes / 3),
    }),
  );
  const before = taken.length;
  await client.deliver(node, { events });
  const parts = taken.slice(before);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.flatMap((part) => part.events)).toEqual(events);
  const one: NodeEvent = { event: 'sessions_ended', user_uuid: 'x'.repeat(maxDeliveryBytes) };
  await expect(client.deliver(node, { events: [one] })).rejects.toThrow('is too long and cannot be split');
  client.close();
}, 30_000);

it('survives a body that is not a delivery', async () => {
  for (const text of ['', 'x', '[]', '{"events":[1]}', '{"conversations":{}}']) {
    const sent = Buffer.from(text);
    expect(await post(signed({ body: sent }), '/deliver', sent)).toBe(400);
  }
  expect(await post(signed())).toBe(200);
});

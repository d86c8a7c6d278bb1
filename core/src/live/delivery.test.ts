import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import {
  type ConversationNews,
  createDeliveryClient,
  type Delivery,
  type DeliveryClient,
  deliverPath,
  maxDeliveryBytes,
  onlinePath,
} from './delivery.ts';
import { createVerifier, hashOf, signatureHeader } from './delivery-signature.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const nodeId = 'node-1';
const secrets = ['new secret', 'old secret'];

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () => server.closeAllConnections(),
    () => new Promise((resolve) => server.close(resolve)),
  );
  return { nodeId, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

type Received = { path: string; body: Buffer; signature: string };

/** A node that records what it receives, and gives each request the same answer. */
async function nodeThat(answer: { status?: number; body?: string } = {}) {
  const received: Received[] = [];
  const node = await serve(async (req, res) => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    const signature = String(req.headers[signatureHeader]);
    received.push({ path: req.url ?? '', body: Buffer.concat(parts), signature });
    res.writeHead(answer.status ?? 200).end(answer.body);
  });
  return { node, received };
}

function client(options: { secrets?: string[]; timeoutMs?: number } = {}): DeliveryClient {
  const created = createDeliveryClient({ table, secrets, ...options });
  closers.push(created.close);
  return created;
}

const news = (uuid: string, bytes = 0) =>
  ({
    message_group_uuid: uuid,
    version: 1,
    entries: [{ message: 'x'.repeat(bytes) }],
    rows: [],
  }) as unknown as ConversationNews;
const deliveryOf = ({ body }: Received) => JSON.parse(body.toString()) as Delivery;

test('a delivery arrives whole, signed by the first secret for this node, path and body', async () => {
  const { node, received } = await nodeThat();
  const delivery: Delivery = {
    conversations: [news('a')],
    events: [{ event: 'typing', message_group_uuid: 'a', user_uuid: 'ä“👋' }],
  };
  await client().deliver(node, delivery);
  const [first] = received;
  if (!first) throw new Error('nothing received');
  expect(received).toHaveLength(1);
  expect([first.path, deliveryOf(first)]).toEqual([deliverPath, delivery]);
  const about = { path: deliverPath, length: first.body.length, nowMs: table.clock.now() };
  expect(createVerifier(['new secret'], nodeId)(first.signature, about)).toBe(hashOf(first.body));
  expect(createVerifier(['old secret'], nodeId)(first.signature, about)).toBeUndefined();
  expect(createVerifier(secrets, 'node-2')(first.signature, about)).toBeUndefined();
});

test('a delivery that is too long for one request is split, in order and without duplicates', async () => {
  const { node, received } = await nodeThat();
  const uuids = ['a', 'b', 'c', 'd', 'e'];
  const events = uuids.map((user_uuid) => ({ event: 'sessions_ended', user_uuid }) as const);
  await client({ timeoutMs: 20_000 }).deliver(node, {
    conversations: uuids.map((uuid) => news(uuid, 7 * 2 ** 20)),
    events,
  });
  expect(Math.max(...received.map(({ body }) => body.length))).toBeLessThanOrEqual(maxDeliveryBytes);
  const arrived = received.map(deliveryOf);
  const conversations = arrived.flatMap((delivery) => delivery.conversations ?? []);
  expect(conversations.map(({ message_group_uuid }) => message_group_uuid)).toEqual(uuids);
  expect(arrived.flatMap((delivery) => delivery.events ?? [])).toEqual(events);
});

test('a single conversation that is too long is an error, and nothing of it is sent', async () => {
  const { node, received } = await nodeThat();
  const sent = client().deliver(node, { conversations: [news('a', maxDeliveryBytes)] });
  await expect(sent).rejects.toThrow('is too long and cannot be split');
  expect(received).toEqual([]);
});

test('the people who are online are those that the node returns', async () => {
  const { node, received } = await nodeThat({ body: '{"online":["b"]}' });
  expect(await client().online(node, ['a', 'b'])).toEqual(['b']);
  expect(received.map(({ path, body }) => [path, body.toString()])).toEqual([
    [onlinePath, '{"user_uuids":["a","b"]}'],
  ]);
});

test.each([401, 413, 500, 503])('an answer of %i is a failed delivery', async (status) => {
  const { node } = await nodeThat({ status });
  await expect(client().deliver(node, {})).rejects.toThrow(`a node answered ${status}`);
});

test('an answer that is not JSON fails the request, and not the process', async () => {
  const { node } = await nodeThat({ body: '<html>' });
  await expect(client().deliver(node, {})).rejects.toThrow(SyntaxError);
});

test('a node that does not answer in time, breaks off or is unreachable is a failed delivery', async () => {
  const hanging = await serve(() => {});
  await expect(client({ timeoutMs: 100 }).deliver(hanging, {})).rejects.toThrow(/abort/);
  const broken = await serve((_req, res) => {
    res.writeHead(200, { 'content-length': 100 });
    res.write('{', () => res.destroy());
  });
  await expect(client().deliver(broken, {})).rejects.toThrow();
  const gone = { nodeId, endpoint: 'http://127.0.0.1:9' };
  await expect(client().deliver(gone, {})).rejects.toThrow('ECONNREFUSED');
});

test('nothing is sent without a signature', async () => {
  const { node, received } = await nodeThat();
  await expect(client({ secrets: [] }).deliver(node, {})).rejects.toThrow('DELIVERY_SECRETS is not set');
  expect(received).toEqual([]);
});

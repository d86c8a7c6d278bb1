import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { follow } from '../testing/follow.ts';
import { freePort } from '../testing/free-port.ts';
import { connect } from '../testing/live-client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';
import { createLogger } from './logger.ts';

let world: World;
let api: Awaited<ReturnType<World['liveNode']>>;
let metricsUrl: string;
let ada: TestPerson;
let ben: TestPerson;
const lines: string[] = [];
const logger = createLogger(
  'debug',
  new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean));
      done();
    },
  }),
);

beforeAll(async () => {
  world = await createWorld();
  [ada, ben] = [await world.person('ada'), await world.person('ben')];
  const port = await freePort();
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  api = await world.liveNode({ METRICS_PORT: String(port), METRICS_LOG_SECONDS: '1' }, logger);
  await api.ctx.metrics?.start();
  world.runStream(logger);
});
afterAll(() => world.close());

/** The values of a metric, by their labels. */
async function scrape(name: string): Promise<Map<string, number>> {
  const text = await (await fetch(metricsUrl)).text();
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].filter(([, found]) => found === name);
  return new Map(samples.map(([, , labels = '', value]) => [labels, Number(value)]));
}

async function until<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline; await sleep(25)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error('the value did not appear');
}

it('counts requests by route, frames by action, sockets, appends and units, with no labels from callers', async () => {
  const client = await connect(api.url);
  await client.authenticate(ada);
  await client.request('message.send', { handle: 'ben', message: 'counted', idempotency_key: 'counted-1' });
  await client.request('made up', {});
  await api.post('/api/messages', { as: ada, body: { handle: 'ben', message: 'counted too' } });
  await fetch(`${api.url}/api/made/up`);
  const requests = await scrape('parley_http_request_seconds_count');
  expect(requests.get('method="POST",route="/api/messages",status="200"')).toBe(1);
  expect(requests.get('method="GET",route="/{*path}",status="404"')).toBe(1);
  const frames = await scrape('parley_frame_seconds_count');
  expect(frames.get('action="message.send",outcome="ok"')).toBe(1);
  expect(frames.get('action="unknown",outcome="action_unknown"')).toBe(1);
  expect((await scrape('parley_sockets')).get('')).toBe(1);
  expect((await scrape('parley_append_batch_entries_sum')).get('')).toBeGreaterThanOrEqual(1);
  expect((await scrape('parley_table_units_total')).get('operation="Append"')).toBeGreaterThanOrEqual(1);
  await client.close();
});

it('are not served on the public port', async () => {
  for (const path of ['/metrics', '/api/metrics']) {
    const response = await fetch(`${api.url}${path}`, { headers: { Accept: 'application/json' } });
    expect([path, response.status]).toEqual([path, 404]);
  }
  expect((await fetch(metricsUrl.replace('/metrics', '/other'))).status).toBe(404);
});

it('logs the main figures in a line', async () => {
  const line = await until(() =>
    lines.map((text) => JSON.parse(text)).find(({ msg, appends }) => msg === 'node' && appends > 0),
  );
  expect(line).toMatchObject({ sockets: expect.any(Number), refused_appends: 0, missed_deliveries: 0 });
});

it('counts neither failed appends nor appends retried because of a neighbour', async () => {
  const request = { operation: 'Append', startedAtMs: 0, ms: 1, items: 1_000, units: 0 };
  api.ctx.metrics?.table({ ...request, refused: 0, error: new Error('the table is unreachable') });
  api.ctx.metrics?.table({ ...request, refused: 7, error: new Error('cancelled') });
  const line = await until(() =>
    lines.map((text) => JSON.parse(text)).find(({ refused_appends }) => refused_appends === 7),
  );
  expect(line.appends).toBeLessThan(900);
});

it("one uuid leads from the request to the receiver's socket, and no line holds the text", async () => {
  const receiver = await connect(api.url);
  const { connection } = (await receiver.authenticate(ben)).data;
  const sent = await api.post('/api/messages', {
    as: ada,
    body: { handle: 'ben', message: 'followed-from-hand-to-hand' },
    headers: { 'X-Request-Id': 'request-followed' },
  });
  const { uuid } = sent.body;
  await receiver.event('message.created', (entry) => entry.uuid === uuid);
  const of = (message: string) =>
    until(() =>
      lines
        .map((text) => JSON.parse(text))
        .find((line) => line.msg === message && JSON.stringify(line).includes(uuid)),
    );
  expect(await of('appended')).toMatchObject({ request_id: 'request-followed', message_uuid: uuid });
  expect(await of('stream batch')).toMatchObject({ message_uuids: expect.arrayContaining([uuid]) });
  expect(await of('delivery')).toMatchObject({ message_uuids: expect.arrayContaining([uuid]) });
  expect(await of('delivered')).toMatchObject({ message_uuid: uuid, people: 1, connections: [connection] });
  expect(lines.join('')).not.toContain('followed-from-hand-to-hand');
  const shown = follow(lines.filter((line) => line.includes(uuid)));
  if (shown) {
    expect(shown).toContainEqual([expect.any(Number), 'backend', 'appended', 'request-followed', null]);
    expect(shown).toContainEqual([expect.any(Number), 'backend', 'delivered', null, [connection]]);
  }
  await receiver.close();
});

it('logs the id of the socket that failed', async () => {
  const client = await connect(api.url);
  const { connection } = (await client.authenticate(ada)).data;
  // A server refuses frames that are not masked.
  client.socket.send('as a server would', { mask: false });
  await client.closed;
  const line = await until(() =>
    lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'a socket failed'),
  );
  expect(line).toMatchObject({ connection, err: { code: 'WS_ERR_EXPECTED_MASK' } });
});

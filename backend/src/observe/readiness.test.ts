import { createServer, type RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { testEndpoint } from '@parley/engines/testing/test-table';
import { urlOf } from '../http/server.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let ada: TestPerson;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  world = await createWorld();
  ada = await world.person('ada');
  await world.person('ben');
});
afterAll(async () => {
  await world.close();
  for (const close of closers) await close();
});

async function listen(handler: RequestListener) {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close().closeAllConnections());
  return urlOf(server);
}

/** Other tests configure a sign-in address where nothing listens. */
const nodeWith = (changes: Record<string, string> = {}) =>
  world.node({ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: '', ...changes });

const ok = { status: 'ok' };
const untold = { lag_ms: null, records_behind: null, dead_letters: null, drifting_conversations: null };
const elsewhere = { status: 'unknown' };
const unknown = { status: 'unknown', ...untold };

const runnerStatus = (changes: Record<string, unknown> = {}) => ({
  status: 'ok',
  lag_ms: 12,
  records_behind: 3,
  has_more: false,
  dead_letters: 1,
  drift: { samples: 9, found: 1, differing: 0 },
  ...changes,
});

describe('a process', () => {
  it('is healthy whenever it answers', async () => {
    const api = await nodeWith();
    expect(await api.get('/api/health-check')).toMatchObject({
      status: 200,
      body: { success: true, ver: 1 },
    });
  });

  it('is ready while its stores answer', async () => {
    const api = await nodeWith();
    const { status, body } = await api.get('/api/ready');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'ok',
      table: ok,
      postgres: ok,
      stream: unknown,
      sign_in: elsewhere,
      requests: ok,
    });
  });

  it('is not ready before it serves, or while it drains', async () => {
    const api = await nodeWith();
    api.ctx.readiness.drain();
    const reply = await api.get('/api/ready');
    expect(reply).toMatchObject({ status: 503, body: { status: 'draining', table: ok } });
    expect((await api.get('/api/health-check')).status).toBe(200);
  });

  it('is not ready while the table is unreachable, or does not answer within a second', async () => {
    const silent = await listen(() => {});
    for (const AWS_ENDPOINT_URL_DYNAMODB of ['http://127.0.0.1:9', silent]) {
      const api = await nodeWith({ AWS_ENDPOINT_URL_DYNAMODB });
      const startedAt = performance.now();
      const reply = await api.get('/api/ready');
      expect(reply).toMatchObject({
        status: 503,
        body: { status: 'unavailable', table: { status: 'unreachable' } },
      });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });

  it('is degraded but ready while Postgres is unreachable', async () => {
    const api = await nodeWith({ DATABASE_URL: 'postgres://parley@127.0.0.1:9/parley' });
    const { status, body } = await api.get('/api/ready');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'degraded',
      table: ok,
      postgres: { status: 'unreachable' },
      stream: unknown,
      sign_in: elsewhere,
      requests: ok,
    });
  });

  it('is degraded while the local sign-in is unreachable', async () => {
    const answering = await listen((_req, res) => res.writeHead(404).end());
    const silent = await listen(() => {});
    for (const [address, status, part] of [
      [answering, 'ok', 'ok'],
      ['http://127.0.0.1:9', 'degraded', 'unreachable'],
      [silent, 'degraded', 'unreachable'],
    ] as const) {
      const api = await nodeWith({ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: address });
      expect(await api.get('/api/ready')).toMatchObject({
        status: 200,
        body: { status, sign_in: { status: part } },
      });
    }
  });

  it('recovers when the sign-in does, even if an earlier check still hangs', async () => {
    let isSilent = true;
    const address = await listen((_req, res) => {
      if (!isSilent) res.writeHead(404).end();
    });
    const api = await nodeWith({ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: address });
    expect((await api.get('/api/ready')).body).toMatchObject({ sign_in: { status: 'unreachable' } });
    isSilent = false;
    await sleep(1_100);
    expect((await api.get('/api/ready')).body).toMatchObject({ status: 'ok', sign_in: ok });
  });

  it('is degraded while Postgres answers but refuses to read a person', async () => {
    const api = await nodeWith({ DATABASE_POOL_SIZE: '1' });
    await api.ctx.pool.query("set search_path = ''");
    expect((await api.ctx.pool.query('select 1')).rowCount).toBe(1);
    expect(await api.get('/api/ready')).toMatchObject({
      status: 200,
      body: { status: 'degraded', table: ok, postgres: { status: 'failing' } },
    });
    await api.ctx.pool.query('reset search_path');
    await sleep(1_100);
    expect((await api.get('/api/ready')).body).toMatchObject({ status: 'ok', postgres: ok });
  });

  it.each(['every write', 'appends alone'])(
    'is not ready while the table refuses %s but answers reads',
    async (what) => {
      let isFull = false;
      const isRefused = (operation: string, body: Buffer) =>
        what === 'every write'
          ? /^(Put|Update|Delete|BatchWrite|Transact)/.test(operation) || /INSERT/.test(String(body))
          : /INSERT|TransactItems/.test(String(body));
      const proxy = await startFaultProxy(testEndpoint(), (operation, body) =>
        isFull && isRefused(operation, body) ? 'fail' : 'pass',
      );
      closers.push(proxy.close);
      const api = await nodeWith({ AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
      const send = () => api.post('/api/messages', { as: ada, body: { handle: 'ben', message: 'hello' } });
      expect((await send()).status).toBe(200);
      expect((await api.get('/api/ready')).body).toMatchObject({ status: 'ok', table: ok });
      isFull = true;
      expect(await send()).toMatchObject({ status: 503, body: ['busy'] });
      expect((await api.get('/api/message_groups', { as: ada })).status).toBe(200);
      expect(await api.get('/api/ready')).toMatchObject({
        status: 503,
        body: { status: 'unavailable', table: { status: 'read_only' } },
      });
      isFull = false;
      expect((await send()).status).toBe(200);
      await sleep(1_100);
      expect((await api.get('/api/ready')).body).toMatchObject({ status: 'ok', table: ok });
    },
    30_000,
  );

  it('finds out by itself that the table refuses writes, and that it accepts them again', async () => {
    let writes = 0;
    let isFull = true;
    const proxy = await startFaultProxy(testEndpoint(), (operation) => {
      if (operation !== 'UpdateItem') return 'pass';
      writes += 1;
      return isFull ? 'fail' : 'pass';
    });
    closers.push(proxy.close);
    const api = await nodeWith({ AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
    expect((await api.get('/api/ready')).body).toMatchObject({ table: { status: 'read_only' } });
    isFull = false;
    await sleep(1_100);
    expect((await api.get('/api/ready')).body).toMatchObject({ status: 'ok', table: ok });
    // One probe counts for seconds, however often readiness is requested.
    const before = writes;
    await sleep(1_100);
    await Promise.all(Array.from({ length: 20 }, () => api.get('/api/ready')));
    expect(writes).toBe(before);
  });

  it('reports itself as full, and still answers, while requests are refused', async () => {
    const api = await nodeWith({ MAX_REQUESTS_IN_FLIGHT: '1' });
    const leave = api.ctx.overload.enter();
    expect((await api.get('/api/profile', { as: ada })).status).toBe(503);
    leave();
    expect(await api.get('/api/ready')).toMatchObject({
      status: 200,
      body: { status: 'degraded', requests: { status: 'full' } },
    });
    expect((await api.get('/api/health-check')).status).toBe(200);
  });

  it('reports the lag of the stream, and is degraded if the lag is long or the runner unreachable', async () => {
    let status: Record<string, unknown> = runnerStatus();
    const runner = await listen((_req, res) => res.end(JSON.stringify(status)));
    const stream = async (RUNNER_URL: string) => {
      const { status, body } = await (await nodeWith({ RUNNER_URL })).get('/api/ready');
      expect(status).toBe(200);
      return [body.status, body.stream];
    };
    const fine = { status: 'ok', lag_ms: 12, records_behind: 3, dead_letters: 1, drifting_conversations: 0 };
    expect(await stream(runner)).toEqual(['ok', fine]);
    status = runnerStatus({ lag_ms: 60_000 });
    expect(await stream(runner)).toEqual(['degraded', { ...fine, status: 'behind', lag_ms: 60_000 }]);
    status = runnerStatus({ drift: { differing: 2 } });
    expect(await stream(runner)).toEqual([
      'degraded',
      { ...fine, status: 'drifting', drifting_conversations: 2 },
    ]);
    status = runnerStatus({ lag_ms: 'soon' });
    const away = ['degraded', { status: 'unreachable', ...untold }];
    expect(await stream(runner)).toEqual(away);
    expect(await stream('http://127.0.0.1:9')).toEqual(away);
  });

  it('adds up the reports of several runners, and skips an unreachable one', async () => {
    const listenWith = (status: Record<string, unknown>) =>
      listen((_req, res) => res.end(JSON.stringify(status)));
    const one = await listenWith(runnerStatus());
    const other = await listenWith(runnerStatus({ lag_ms: 40, records_behind: 4 }));
    const api = await nodeWith({ RUNNER_URL: `${one}, ${other},http://127.0.0.1:9` });
    expect((await api.get('/api/ready')).body).toMatchObject({
      status: 'ok',
      stream: { status: 'ok', lag_ms: 40, records_behind: 7, dead_letters: 2 },
    });
  });

  it('checks its stores once for concurrent requests', async () => {
    let asked = 0;
    const runner = await listen((_req, res) => {
      asked += 1;
      res.end(JSON.stringify(runnerStatus()));
    });
    const api = await nodeWith({ RUNNER_URL: runner });
    await Promise.all(Array.from({ length: 20 }, () => api.get('/api/ready')));
    await api.get('/api/ready');
    expect(asked).toBe(1);
  });
});

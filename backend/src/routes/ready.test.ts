import { createServer, type RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { urlOf } from '../server.ts';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
const closers: (() => void)[] = [];
beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  await world.close();
  for (const close of closers) close();
});

async function listen(handler: RequestListener) {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close().closeAllConnections());
  return urlOf(server);
}

const ok = { status: 'ok' };
const untold = { lag_ms: null, records_behind: null, dead_letters: null, drifting_conversations: null };
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
    const api = await world.node();
    expect(await api.get('/api/health-check')).toMatchObject({
      status: 200,
      body: { success: true, ver: 1 },
    });
  });

  it('is ready while its stores answer', async () => {
    const api = await world.node();
    const { status, body } = await api.get('/api/ready');
    expect(status).toBe(200);
    expect(body).toEqual({ status: 'ok', table: ok, postgres: ok, stream: unknown });
  });

  it('is not ready before it serves, nor while it drains', async () => {
    const api = await world.node();
    api.ctx.readiness.drain();
    const reply = await api.get('/api/ready');
    expect(reply).toMatchObject({ status: 503, body: { status: 'draining', table: ok } });
    expect((await api.get('/api/health-check')).status).toBe(200);
  });

  it('is not ready while the table is away, or does not answer within a second', async () => {
    const silent = await listen(() => {});
    for (const AWS_ENDPOINT_URL_DYNAMODB of ['http://127.0.0.1:9', silent]) {
      const api = await world.node({ AWS_ENDPOINT_URL_DYNAMODB });
      const startedAt = performance.now();
      const reply = await api.get('/api/ready');
      expect(reply).toMatchObject({
        status: 503,
        body: { status: 'unavailable', table: { status: 'unreachable' } },
      });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });

  it('is degraded, and ready, while Postgres is away', async () => {
    const api = await world.node({ DATABASE_URL: 'postgres://parley@127.0.0.1:9/parley' });
    const { status, body } = await api.get('/api/ready');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'degraded',
      table: ok,
      postgres: { status: 'unreachable' },
      stream: unknown,
    });
  });

  it('tells how far the stream is behind, and is degraded where it is far, or its runner is away', async () => {
    let status: Record<string, unknown> = runnerStatus();
    const runner = await listen((_req, res) => res.end(JSON.stringify(status)));
    const stream = async (RUNNER_URL: string) => {
      const { status, body } = await (await world.node({ RUNNER_URL })).get('/api/ready');
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

  it('adds up what several runners tell, and one that is away is made up for by the others', async () => {
    const listenWith = (status: Record<string, unknown>) =>
      listen((_req, res) => res.end(JSON.stringify(status)));
    const one = await listenWith(runnerStatus());
    const other = await listenWith(runnerStatus({ lag_ms: 40, records_behind: 4 }));
    const api = await world.node({ RUNNER_URL: `${one}, ${other},http://127.0.0.1:9` });
    expect((await api.get('/api/ready')).body).toMatchObject({
      status: 'ok',
      stream: { status: 'ok', lag_ms: 40, records_behind: 7, dead_letters: 2 },
    });
  });

  it('asks its stores once, however many ask it', async () => {
    let asked = 0;
    const runner = await listen((_req, res) => {
      asked += 1;
      res.end(JSON.stringify(runnerStatus()));
    });
    const api = await world.node({ RUNNER_URL: runner });
    await Promise.all(Array.from({ length: 20 }, () => api.get('/api/ready')));
    await api.get('/api/ready');
    expect(asked).toBe(1);
  });
});

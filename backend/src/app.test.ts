import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { noteSecret } from '@parley/engines/testing/suite-log';
import { createWorld, type TestPerson, type World } from './testing/world.ts';

const origin = 'https://chat.example.com';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let [ada, ben]: TestPerson[] = [];
beforeAll(async () => {
  world = await createWorld();
  api = await world.node({ CORS_ORIGINS: `${origin}, http://localhost:3000` });
  [ada, ben] = [await world.person('ada'), await world.person('ben')];
});
afterAll(() => world.close());

describe('an error', () => {
  it('is a list of codes, or a problem document for clients that accept one', async () => {
    const body = { message: '', handle: '' };
    const codes = ['message_blank', 'user_reciever_handle_blank'];
    for (const Accept of ['*/*', 'application/json', 'text/html']) {
      const reply = await api.post('/api/messages', { as: ada, body, headers: { Accept } });
      expect(reply).toMatchObject({ status: 422, body: codes });
      expect(reply.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    }
    for (const Accept of ['application/problem+json', 'application/json, application/problem+json;q=0.9']) {
      const reply = await api.post('/api/messages', { as: ada, body, headers: { Accept } });
      expect(reply.body).toEqual({
        type: 'about:blank',
        title: 'Unprocessable Entity',
        status: 422,
        errors: codes,
        instance: '/api/messages',
      });
      expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    }
    const accept = { headers: { Accept: 'application/problem+json' } };
    expect((await api.get('/api/profile', accept)).body).toMatchObject({
      status: 401,
      errors: ['generic_401'],
    });
  });

  it('of an unreachable store is 503 with Retry-After', async () => {
    const away = await world.node({ AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' });
    const reply = await away.get('/api/message_groups', { as: ada });
    expect(reply).toMatchObject({ status: 503, body: ['busy'] });
    expect(reply.headers.get('Retry-After')).toMatch(/^[123]$/);
    noteSecret('of-a-database-that-is-away');
    const DATABASE_URL = 'postgres://parley:of-a-database-that-is-away@127.0.0.1:9/parley';
    const peopleAway = await world.node({ DATABASE_URL });
    expect(await peopleAway.get('/api/profile', { as: ada })).toMatchObject({ status: 503, body: ['busy'] });
  });

  it('does not happen to recently seen people while Postgres is unreachable', async () => {
    const proxy = await createDatabaseProxy(world.database.url);
    const node = await world.node({ DATABASE_URL: proxy.url });
    const send = () => node.post('/api/messages', { as: ada, body: { handle: 'ben', message: 'hello' } });
    const { message_group_uuid } = (await send()).body;
    expect((await node.get(`/api/messages/${message_group_uuid}`, { as: ada })).status).toBe(200);
    proxy.cut();
    const body = { message_group_uuid, message: 'still there?' };
    expect(await node.post('/api/messages', { as: ada, body })).toMatchObject({
      status: 200,
      body: { handle: 'ada' },
    });
    expect((await node.get(`/api/messages/${message_group_uuid}`, { as: ada })).body.at(-1)).toMatchObject({
      message: 'still there?',
      display_name: 'ada',
    });
    expect(await node.get('/api/profile', { as: ben })).toMatchObject({ status: 503, body: ['busy'] });
    expect(await send()).toMatchObject({ status: 503, body: ['busy'] });
    expect((await node.get('/api/ready')).body.status).toBe('degraded');
    proxy.restore();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await node.get('/api/profile', { as: ben })).status).toBe(200);
    expect((await send()).status).toBe(200);
    await node.ctx.pool.query('select 1');
    await proxy.close();
  });

  it('that is a bug is 500 without any detail', async () => {
    const broken = await world.node({ DDB_MESSAGE_TABLE: 'no-such-table' });
    const reply = await broken.get('/api/message_groups', { as: ada });
    expect(reply).toMatchObject({ status: 500, body: ['generic_500'] });
  });
});

describe('a browser client of another origin', () => {
  const preflight = (from: string, headers = 'authorization,content-type,idempotency-key,accept') =>
    api.request('OPTIONS', '/api/messages', {
      headers: {
        Origin: from,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': headers,
      },
    });

  it('is allowed from the configured origins, without a token in the preflight', async () => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(204);
    expect(headers.get('Access-Control-Allow-Origin')).toBe(origin);
    expect(headers.get('Access-Control-Allow-Methods')).toBe('GET,POST,PUT,DELETE');
    expect(headers.get('Access-Control-Allow-Headers')).toBe(
      'Content-Type,Authorization,Idempotency-Key,Accept',
    );
    const reply = await api.get('/api/message_groups', {
      as: ben,
      headers: { Origin: 'http://localhost:3000' },
    });
    expect(reply.headers.get('Access-Control-Allow-Origin')).toBe('http://localhost:3000');
    expect(reply.headers.get('Access-Control-Expose-Headers')).toBe(
      'Link,Parley-Unread-Conversations,Retry-After,X-Request-Id',
    );
  });

  it('can read errors too', async () => {
    const { status, headers } = await api.get('/api/profile', { headers: { Origin: origin } });
    expect([status, headers.get('Access-Control-Allow-Origin')]).toEqual([401, origin]);
  });

  it.each(['https://evil.example.com', `${origin}.evil.example.com`, 'http://chat.example.com', 'null'])(
    'is not allowed from %s',
    async (from) => {
      expect((await preflight(from)).headers.get('Access-Control-Allow-Origin')).toBeNull();
      const reply = await api.get('/api/health-check', { headers: { Origin: from } });
      expect(reply.headers.get('Access-Control-Allow-Origin')).toBeNull();
    },
  );
});

describe('an answer', () => {
  it('is not cached, and sets security headers', async () => {
    const { headers } = await api.get('/api/profile', { as: ada });
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('ETag')).toBeNull();
    expect(headers.get('X-Powered-By')).toBeNull();
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(headers.get('Content-Security-Policy')).not.toContain('upgrade-insecure-requests');
  });

  it('carries the id of its request: the given one if it is well-formed', async () => {
    const id = async (given?: string) =>
      (
        await api.get('/api/health-check', given === undefined ? {} : { headers: { 'X-Request-Id': given } })
      ).headers.get('X-Request-Id');
    expect(await id('trace-1.a_b:c')).toBe('trace-1.a_b:c');
    for (const given of [undefined, 'x'.repeat(129), 'a b', '<script>', '{"a":1}']) {
      expect(await id(given)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

import { gzipSync } from 'node:zlib';
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

const post = (raw: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  api.post('/api/messages', { as: ada, raw, headers });

describe('a body', () => {
  const whole = '{"message":"x","handle":"ben"}';
  it.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>?]>([
    ['that is cut off', '{"message":"x",'],
    ['that is not JSON', 'message=x&handle=ben'],
    ['with single quotes', "{'message':'x'}"],
    ['with a trailing comma', '{"message":"x","handle":"ben",}'],
    ['that is empty', ''],
    ['that is not declared as JSON', whole, { 'Content-Type': 'text/plain' }],
    ['that is a form', 'message=x', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    [
      'that is not UTF-8',
      new Uint8Array([...Buffer.from('{"message":"'), 0xff, 0xfe, ...Buffer.from('","handle":"ben"}')]),
    ],
    [
      'with a truncated UTF-8 sequence',
      new Uint8Array([...Buffer.from('{"message":"'), 0xe2, 0x82, ...Buffer.from('"}')]),
    ],
    ['in an unknown character set', whole, { 'Content-Type': 'application/json; charset=klingon' }],
    ['in an unknown encoding', whole, { 'Content-Encoding': 'rot13' }],
    ['that is no gzip', whole, { 'Content-Encoding': 'gzip' }],
  ])('%s is 400', async (_, raw, headers = {}) => {
    expect(await post(raw, headers)).toMatchObject({ status: 400, body: ['json_invalid'] });
  });

  it('that is missing is 400', async () => {
    expect(await api.post('/api/messages', { as: ada })).toMatchObject({
      status: 400,
      body: ['json_invalid'],
    });
  });

  it('that is too large is 413, even if it is compressed', async () => {
    const large = JSON.stringify({ message: 'x'.repeat(200_000), handle: 'ben' });
    expect(await post(large)).toMatchObject({ status: 413, body: ['payload_too_large'] });
    const zipped = new Uint8Array(gzipSync(large));
    expect(await post(zipped, { 'Content-Encoding': 'gzip' })).toMatchObject({ status: 413 });
  });

  it('that is compressed, has unknown fields or a byte order mark is read', async () => {
    const body = Buffer.from(
      JSON.stringify({ message: 'zipped', handle: 'ben', extra: { a: [1] }, __proto__: 1 }),
    );
    const zipped = new Uint8Array(gzipSync(body));
    expect(await post(zipped, { 'Content-Encoding': 'gzip' })).toMatchObject({
      status: 200,
      body: { message: 'zipped' },
    });
    expect(
      (await post('{"message":"x","handle":"ben","__proto__":{"admin":true},"constructor":1}')).status,
    ).toBe(200);
    expect((await post(`\ufeff${whole}`)).status).toBe(200);
    expect((await post(whole, { 'Content-Type': 'application/vnd.parley+json; charset=UTF-8' })).status).toBe(
      200,
    );
  });

  it('that is deeply nested is refused like any other', async () => {
    const deep = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
    expect(await post(deep)).toMatchObject({ status: 422, body: ['body_invalid'] });
    expect(await post(`{"message":${deep},"handle":"ben"}`)).toMatchObject({
      status: 422,
      body: ['body_invalid'],
    });
    expect(await post(`${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}`)).toMatchObject({ status: 422 });
  });

  it('is not read before the token is verified', async () => {
    for (const raw of ['{', 'x'.repeat(300_000)]) {
      expect(await api.post('/api/messages', { raw })).toMatchObject({ status: 401, body: ['generic_401'] });
    }
  });

  it('with the longest message, fully escaped, is accepted', async () => {
    const message = '\\u20ac'.repeat(1_024);
    expect((await post(`{"message":"${message}","handle":"ben"}`)).body.message).toBe('€'.repeat(1_024));
  });
});

describe('a path', () => {
  it('that is unknown is 404', async () => {
    for (const path of ['/api', '/api/nope', '/', '/nope', '/api/users/@ada', '/api/..%2f..%2fetc/passwd']) {
      const response = await fetch(`${api.url}${path}`, { headers: { Accept: 'application/json' } });
      expect([response.status, await response.json()]).toEqual([404, ['not_found']]);
    }
  });

  it.each([
    ['DELETE', '/api/messages', 'POST'],
    ['GET', '/api/messages', 'POST'],
    ['PATCH', '/api/profile', 'GET, DELETE, HEAD'],
    ['POST', '/api/health-check', 'GET, HEAD'],
    ['GET', '/api/profile/update', 'PUT, POST'],
    ['PUT', '/api/message_groups', 'GET, POST, HEAD'],
    ['QUERY', '/api/users', 'GET, HEAD'],
  ])('is 405 with %s %s, and lists the allowed methods', async (method, path, allowed) => {
    const reply = await api.request(method, path, { as: ada });
    expect(reply).toMatchObject({ status: 405, body: ['method_not_allowed'] });
    expect(reply.headers.get('Allow')).toBe(allowed);
  });

  it('answers HEAD as GET, without a body', async () => {
    expect(await api.request('HEAD', '/api/health-check')).toMatchObject({ status: 200, body: undefined });
  });
});

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

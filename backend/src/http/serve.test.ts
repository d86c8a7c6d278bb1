import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  ada = await world.person('ada');
  await world.person('ben');
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
    ['that is not gzip', whole, { 'Content-Encoding': 'gzip' }],
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

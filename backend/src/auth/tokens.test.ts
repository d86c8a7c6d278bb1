import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, type JWTPayload } from 'jose';
import { urlOf } from '../http/server.ts';
import { clientId } from '../testing/issuer.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';
import { createTokens } from './tokens.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  ada = await world.person('ada');
});
afterAll(() => world.close());

const now = () => Math.floor(Date.now() / 1_000);
const ask = (token: string) => api.get('/api/profile', { as: { token } });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function expectRefused(token: string) {
  const reply = await ask(token);
  expect(reply).toMatchObject({ status: 401, body: ['generic_401'] });
  expect(reply.headers.get('WWW-Authenticate')).toBe('Bearer');
}

describe('an access token', () => {
  it('is accepted', async () => {
    expect(await ask(ada.token)).toMatchObject({ status: 200, body: { uuid: ada.uuid } });
  });

  it.each<[string, JWTPayload]>([
    ['another issuer', { iss: 'https://issuer.example.com/pool' }],
    ['no issuer', { iss: undefined }],
    ['another client', { client_id: 'other-client' }],
    ['no client', { client_id: undefined }],
    ['the client as its audience only', { client_id: undefined, aud: clientId }],
    ['the use of an ID token', { token_use: 'id', aud: clientId }],
    ['no use', { token_use: undefined }],
    ['an expiry that has passed', { exp: now() - 5, iat: now() - 3_600 }],
    ['no expiry', { exp: undefined }],
    ['a start in the future', { nbf: now() + 600 }],
    ['no time of issue', { iat: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
  ])('is refused with %s', async (_, claims) => {
    await expectRefused(await world.issuer.token(ada.sub, { claims }));
  });

  it('is refused once it has expired, even if it was accepted a moment before', async () => {
    const token = await world.issuer.token(ada.sub, { claims: { exp: now() + 2 } });
    expect(await ask(token)).toMatchObject({ status: 200 });
    await sleep(2_100);
    await expectRefused(token);
  });

  it('is refused unsigned', async () => {
    const [, payload = ''] = ada.token.split('.');
    for (const alg of ['none', 'None', 'NONE', '']) {
      await expectRefused(`${part({ alg, kid: 'key-1' })}.${payload}.`);
      await expectRefused(`${part({ alg, kid: 'key-1' })}.${payload}.AAAA`);
    }
  });

  it('is refused with the public key as an HMAC secret', async () => {
    const pem = world.issuer.publicKey().export({ type: 'spki', format: 'pem' });
    const key = new TextEncoder().encode(String(pem));
    await expectRefused(await world.issuer.token(ada.sub, { header: { alg: 'HS256' }, key }));
  });

  it('is refused with another algorithm of the same key, or with a foreign key', async () => {
    await expectRefused(await world.issuer.token(ada.sub, { header: { alg: 'RS512' } }));
    await expectRefused(await world.issuer.token(ada.sub, { header: { alg: 'PS256' } }));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await expectRefused(await world.issuer.token(ada.sub, { key: privateKey }));
  });

  it('is refused with a key that it contains or links to', async () => {
    let asked = 0;
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256' };
    const server = createServer((_req, res) => {
      asked += 1;
      res.end(JSON.stringify({ keys: [jwk] }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = urlOf(server);
    for (const header of [{ jku: address }, { x5u: address }, { jwk }, { kid: address }, { kid: '../key-1' }])
      await expectRefused(await world.issuer.token(ada.sub, { header, key: privateKey }));
    await new Promise((resolve) => server.close(resolve));
    expect(asked).toBe(0);
  });

  it('is refused with forged claims', async () => {
    const [header, payload = '', signature] = ada.token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const ben = await world.person('ben');
    await expectRefused(`${header}.${part({ ...claims, sub: ben.sub })}.${signature}`);
    await expectRefused(`${header}.${part({ ...claims, exp: claims.exp + 1 })}.${signature}`);
  });

  it.each(['', 'x', 'a.b.c', '...', 'null', '{}', `${'x'.repeat(9_000)}`, 'é'])(
    'is refused as %j',
    async (token) => {
      const reply = await api.get('/api/profile', { headers: { Authorization: `Bearer ${token}` } });
      expect(reply).toMatchObject({ status: 401, body: ['generic_401'] });
    },
  );

  it('is accepted only as a bearer token in the header', async () => {
    for (const scheme of ['', 'Basic ', 'Token ', 'Bearer: ', 'Bearer  Bearer ']) {
      const reply = await api.get('/api/profile', { headers: { Authorization: `${scheme}${ada.token}` } });
      expect(reply.status).toBe(401);
    }
    expect((await api.get(`/api/profile?access_token=${ada.token}`)).status).toBe(401);
    expect(
      (await api.get('/api/profile', { headers: { Authorization: `bearer ${ada.token}` } })).status,
    ).toBe(200);
  });

  it('is refused for a disabled or erased person from the next request on', async () => {
    for (const column of ['disabled_at', 'erased_at']) {
      const person = await world.person(`gone-${column}`);
      expect((await ask(person.token)).status).toBe(200);
      await world.database.pool.query(`update users set ${column} = now() where uuid = $1`, [person.uuid]);
      await expectRefused(person.token);
    }
  });
});

describe('the keys of the issuer', () => {
  it('are fetched once, again for a new key, and not for every forged key id', async () => {
    const node = await world.node();
    const before = world.issuer.keyFetches();
    const status = async (token: string) => (await node.get('/api/profile', { as: { token } })).status;
    for (const _ of [1, 2, 3]) expect(await status(ada.token)).toBe(200);
    expect(world.issuer.keyFetches() - before).toBe(1);
    world.issuer.addKey('key-2');
    expect(await status(await world.issuer.token(ada.sub, { header: { kid: 'key-2' } }))).toBe(200);
    expect(world.issuer.keyFetches() - before).toBe(2);
    const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const madeUp = () => world.issuer.token(ada.sub, { header: { kid: randomUUID() }, key });
    expect(await status(await madeUp())).toBe(401);
    const flood = Array.from({ length: 20 }, async () => status(await madeUp()));
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
    expect(world.issuer.keyFetches() - before).toBeLessThanOrEqual(5);
    world.issuer.addKey('key-3');
    expect(await status(await world.issuer.token(ada.sub, { header: { kid: 'key-3' } }))).toBe(200);
    expect(await status(ada.token)).toBe(200);
  });

  it('are awaited by at most 64 tokens with unknown keys; more are refused', async () => {
    const node = await world.node();
    const status = async (token: string) => (await node.get('/api/profile', { as: { token } })).status;
    expect(await status(ada.token)).toBe(200);
    const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const madeUp = () => world.issuer.token(ada.sub, { header: { kid: randomUUID() }, key });
    const tokens = await Promise.all(Array.from({ length: 200 }, madeUp));
    expect(await status(await madeUp())).toBe(401);
    const release = world.issuer.holdKeys();
    let answered = 0;
    const flood = Promise.all(tokens.map((token) => status(token).finally(() => (answered += 1))));
    while (answered < 136) await sleep(5);
    expect(await status(ada.token)).toBe(200);
    expect(node.ctx.overload.inFlight()).toBeLessThanOrEqual(64);
    expect(answered).toBe(136);
    release();
    const statuses = await flood;
    expect(statuses.filter((each) => each === 401)).toHaveLength(64);
    expect(statuses.filter((each) => each === 503)).toHaveLength(136);
  });

  it('make requests answer 503, not 401, while they cannot be fetched', async () => {
    const node = await world.node({ TOKEN_JWKS_URI: 'http://127.0.0.1:9/jwks.json' });
    const reply = await node.get('/api/profile', { as: ada });
    expect(reply).toMatchObject({ status: 503, body: ['busy'] });
    expect(reply.headers.get('Retry-After')).toMatch(/^[123]$/);
  });
});

describe('the configuration of tokens', () => {
  const config = {
    TOKEN_ISSUER: '',
    TOKEN_JWKS_URI: '',
    COGNITO_USER_POOL_ID: '',
    COGNITO_USER_POOL_CLIENT_ID: 'c',
  };

  it('must name an issuer and a client, or the API does not start', () => {
    expect(() => createTokens(config)).toThrow('Neither TOKEN_ISSUER nor COGNITO_USER_POOL_ID is set');
    const pool = { ...config, COGNITO_USER_POOL_ID: 'eu-west-1_abc' };
    expect(() => createTokens(pool)).not.toThrow();
    expect(() => createTokens({ ...pool, COGNITO_USER_POOL_CLIENT_ID: '' })).toThrow(
      'COGNITO_USER_POOL_CLIENT_ID',
    );
  });

  it('accepts keys over plain http only from this machine', () => {
    for (const TOKEN_ISSUER of [
      'http://issuer.example.com/x',
      'http://127.0.0.1.example.com',
      'http://10.0.0.1/x',
    ]) {
      expect(() => createTokens({ ...config, TOKEN_ISSUER })).toThrow('must use https');
    }
    for (const TOKEN_ISSUER of [
      'http://localhost:1/x',
      'http://127.0.0.1/x',
      'http://[::1]:5/',
      'https://a.example',
    ]) {
      expect(() => createTokens({ ...config, TOKEN_ISSUER })).not.toThrow();
    }
  });
});

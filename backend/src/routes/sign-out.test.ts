import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
});
afterAll(() => world.close());

describe('a sign-out', () => {
  it('ends every token of the person on every node at once, and a new sign-in works', async () => {
    const second = await world.node();
    const [ada, ben] = [await world.person('ada'), await world.person('ben')];
    const sameSecond = { token: await world.issuer.token(ada.sub) };
    const old = {
      token: await world.issuer.token(ada.sub, { claims: { iat: 1_700_000_000, auth_time: 1_700_000_000 } }),
    };
    for (const node of [api, second]) expect((await node.get('/api/profile', { as: ada })).status).toBe(200);

    expect(await api.post('/api/sign-out', { as: ada })).toMatchObject({ status: 200, body: {} });
    const fresh = { token: await world.issuer.token(ada.sub) };
    for (const node of [second, api]) {
      for (const as of [ada, sameSecond, old]) {
        expect(await node.get('/api/profile', { as })).toMatchObject({ status: 401, body: ['generic_401'] });
      }
      expect((await node.get('/api/profile', { as: fresh })).status).toBe(200);
      expect((await node.get('/api/profile', { as: ben })).status).toBe(200);
    }
  });

  it('ends the token of a clock that runs ahead, and tokens refreshed from a sign-in before', async () => {
    const cleo = await world.person('cleo');
    const now = Math.floor(Date.now() / 1_000);
    const ahead = {
      token: await world.issuer.token(cleo.sub, { claims: { iat: now + 60, auth_time: now + 60 } }),
    };
    expect((await api.post('/api/sign-out', { as: ahead })).status).toBe(200);
    expect((await api.get('/api/profile', { as: ahead })).status).toBe(401);
    const refreshed = {
      token: await world.issuer.token(cleo.sub, { claims: { iat: now + 120, auth_time: now - 5 } }),
    };
    expect((await api.get('/api/profile', { as: refreshed })).status).toBe(401);
  });

  it('is not done twice with one token, nor without', async () => {
    const dora = await world.person('dora');
    await api.post('/api/sign-out', { as: dora, body: {} });
    for (const as of [dora, undefined]) {
      expect(await api.post('/api/sign-out', { as })).toMatchObject({ status: 401, body: ['generic_401'] });
    }
  });
});

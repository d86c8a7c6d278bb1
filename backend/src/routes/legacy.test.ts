import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as users from '@parley/core/people/users';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  ada = await world.person('ada', 'Ada L.');
  await users.updateProfile(world.database.pool, ada.uuid, { display_name: 'Ada L.', bio: 'counts' });
});
afterAll(() => world.close());

describe('the pages of an existing chat', () => {
  it.each(['home', 'notifications'])('find an empty feed at %s', async (feed) => {
    expect(await api.get(`/api/activities/${feed}`, { as: ada })).toMatchObject({ status: 200, body: [] });
    expect((await api.get(`/api/activities/${feed}`)).status).toBe(401);
  });

  it('find a profile without a token, by its handle in any case, with public fields only', async () => {
    const profile = { handle: 'ada', display_name: 'Ada L.', bio: 'counts' };
    for (const handle of ['ada', 'ADA']) {
      const { status, body } = await api.get(`/api/activities/@${handle}`);
      expect([status, body]).toEqual([200, { profile, activities: [] }]);
    }
    expect(await api.get('/api/activities/@nobody')).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
  });

  it('may ask for profiles 60 times a minute from an address, which is then asked to wait', async () => {
    const node = await world.node({ TRUSTED_PROXIES: '1' });
    const from = (address: string) =>
      node.get('/api/activities/@ada', { headers: { 'X-Forwarded-For': `6.6.6.6, ${address}` } });
    const replies = await Promise.all(Array.from({ length: 70 }, () => from('203.0.113.1')));
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused.length).toBeLessThanOrEqual(10);
    expect(refused[0]?.headers.get('Retry-After')).toMatch(/^\d+$/);
    expect((await from('203.0.113.2')).status).toBe(200);
  });
});

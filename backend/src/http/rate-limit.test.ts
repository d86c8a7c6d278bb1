import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld, type World } from '../testing/world.ts';
import { createRateLimit } from './rate-limit.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('the rate limit', () => {
  it('is 429 with the seconds to wait, for that person only', async () => {
    const api = await world.node({ RATE_LIMIT_PER_MINUTE: '5' });
    const [ada, ben] = [await world.person('ada'), await world.person('ben')];
    const replies = await Promise.all(Array.from({ length: 8 }, () => api.get('/api/profile', { as: ada })));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    const refused = replies.find(({ status }) => status === 429);
    expect(refused?.body).toEqual(['rate_limited']);
    const seconds = Number(refused?.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(12);
    expect((await api.get('/api/profile', { as: ben })).status).toBe(200);
    expect((await api.get('/api/health-check')).status).toBe(200);
  });

  it('does not count requests with an expired token against its person', async () => {
    const api = await world.node({ RATE_LIMIT_PER_MINUTE: '3' });
    const ada = await world.person('cleo');
    const dead = { token: await world.issuer.token(ada.sub, { claims: { exp: 1_700_000_000 } }) };
    for (const _ of [1, 2, 3, 4, 5]) expect((await api.get('/api/profile', { as: dead })).status).toBe(401);
    expect((await api.get('/api/profile', { as: ada })).status).toBe(200);
  });

  it('refills continuously, up to its size', async () => {
    const limit = createRateLimit(600);
    const taken = Array.from({ length: 601 }, () => limit.spend('ada'));
    expect(taken.filter((wait) => wait === 0)).toHaveLength(600);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(limit.spend('ada')).toBe(0);
  });

  it('is off at 0', () => {
    const limit = createRateLimit(0);
    expect(Array.from({ length: 1_000 }, () => limit.spend('ada')).every((wait) => wait === 0)).toBe(true);
  });
});

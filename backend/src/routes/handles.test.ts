import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as erasures from '@parley/core/erasure/erasures';
import * as users from '@parley/core/people/users';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  await world.person('Maya');
});
afterAll(() => world.close());

const check = (handle: string, headers: Record<string, string> = {}, node = api) =>
  node.get(`/api/handles/${encodeURIComponent(handle)}`, { headers });

it('says without a token whether a handle is free', async () => {
  expect(await check('nobody.yet')).toMatchObject({
    status: 200,
    body: { handle: 'nobody.yet', available: true },
  });
  for (const handle of ['Maya', 'mAYA'])
    expect(await check(handle)).toMatchObject({ status: 200, body: { handle, available: false } });
});

it.each([
  '_',
  '.x.y.',
  'Zoë',
  'a b',
  'x'.repeat(31),
  'x'.repeat(3_000),
  'deleted-1',
  'MISSING-me',
  'a\0',
  '\u202e',
  "'",
])('says no of what nobody can choose: %s', async (handle) => {
  const isChosen = handle === '.x.y.';
  expect(await check(handle)).toMatchObject({ status: 200, body: { handle, available: isChosen } });
});

it('reports handles of disabled, imported and erased people as taken', async () => {
  await users.insertPeople(world.database.pool, [{ handle: 'imported1' }]);
  const out = await world.person('shut-out');
  await users.disable(world.database.pool, out.uuid);
  const gone = await world.person('erased1');
  await erasures.begin(world.database.pool, gone.uuid);
  for (const handle of ['imported1', 'shut-out', 'ERASED1'])
    expect([handle, (await check(handle)).body.available]).toEqual([handle, false]);
});

it('answers an address 120 times a minute, counting the client behind a proxy and not the proxy', async () => {
  const limited = await world.node({ TRUSTED_PROXIES: '1' });
  const from = (address: string) => check('free', { 'X-Forwarded-For': address }, limited);
  const replies = await Promise.all(Array.from({ length: 140 }, () => from('203.0.113.7')));
  const refused = replies.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThanOrEqual(20);
  expect(refused[0]).toMatchObject({ body: ['rate_limited'] });
  expect(Number(refused[0]?.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect((await from('203.0.113.8')).status).toBe(200);
});

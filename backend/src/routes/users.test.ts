import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as users from '@parley/core/people/users';
import { nextOf, type Reply } from '../testing/client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  ada = await world.person('ada', 'Ada Lovelace');
});
afterAll(() => world.close());

describe('the short profile of a person', () => {
  it('is found by handle in any case', async () => {
    const grace = await world.person('Grace', 'Grace Hopper');
    const { status, body } = await api.get('/api/users/@gRACE/short', { as: ada });
    expect(status).toBe(200);
    expect(body).toEqual({
      uuid: grace.uuid,
      handle: 'Grace',
      display_name: 'Grace Hopper',
      tone: grace.tone,
    });
  });

  it('is found by an imported handle with symbols', async () => {
    await users.insertPeople(world.database.pool, [{ handle: 'o/b %[x]' }]);
    const { body } = await api.get(`/api/users/@${encodeURIComponent('O/B %[x]')}/short`, { as: ada });
    expect(body.handle).toBe('o/b %[x]');
  });

  it.each(['nobody', '%00', '%F0%9F%98%80', "'%20or%201=1--", 'x'.repeat(5_000)])(
    'is 404 if nobody has the handle: %s',
    async (handle) => {
      const reply = await api.get(`/api/users/@${handle}/short`, { as: ada });
      expect(reply).toMatchObject({ status: 404, body: ['user_not_found'] });
    },
  );

  it('does not reveal without a token whether a handle exists', async () => {
    for (const handle of ['ada', 'nobody']) {
      expect(await api.get(`/api/users/@${handle}/short`)).toMatchObject({
        status: 401,
        body: ['generic_401'],
      });
    }
  });

  it('is 400 for a path that does not decode', async () => {
    const response = await fetch(`${api.url}/api/users/@%ZZ/short`, {
      headers: { Authorization: `Bearer ${ada.token}` },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(['path_invalid']);
  });
});

describe('the search for people', () => {
  const found = ({ body }: Reply) => body.map(({ handle }: users.User) => handle);

  it('finds the beginning of a handle or a name, in any case, and shows nothing private', async () => {
    const linus = await world.person('linus', 'Torvalds');
    for (const search of ['LIN', 'torv']) {
      const { status, body } = await api.get(`/api/users?search=${search}`, { as: ada });
      expect(status).toBe(200);
      expect(body).toEqual([
        { uuid: linus.uuid, handle: 'linus', display_name: 'Torvalds', tone: linus.tone },
      ]);
    }
  });

  it.each(['%25', '_', '%00', "'", '%5C', 'nobody-at-all', '%F0%9F%98%80'])(
    'treats %s as plain text and finds nobody',
    async (search) => {
      expect(await api.get(`/api/users?search=${search}`, { as: ada })).toMatchObject({
        status: 200,
        body: [],
      });
    },
  );

  it.each(['', '?search=', '?search=%20', '?limit=5'])(
    'lists nobody without a search text: %s',
    async (query) => {
      expect(await api.get(`/api/users${query}`, { as: ada })).toMatchObject({ status: 200, body: [] });
    },
  );

  it('pages without a gap or a repeat', async () => {
    const crowd = Array.from({ length: 25 }, (_, index) => ({ handle: `crowd-${10 + index}` }));
    await users.insertPeople(world.database.pool, crowd);
    const first = await api.get('/api/users?search=crowd-', { as: ada });
    const second = await api.get(nextOf(first) ?? '', { as: ada });
    expect(found(first)).toHaveLength(20);
    expect([...found(first), ...found(second)]).toEqual(crowd.map(({ handle }) => handle));
    expect(nextOf(second)).toBeUndefined();
    const all = await api.get('/api/users?search=crowd-&limit=25', { as: ada });
    expect(nextOf(all)).toBeUndefined();
  });

  it('refuses a cursor of another search or person, and a forged one', async () => {
    const [one, other] = [await world.person('page-one'), await world.person('page-two')];
    const first = await api.get('/api/users?search=page-&limit=1', { as: one });
    const next = nextOf(first) ?? '';
    expect((await api.get(next, { as: one })).status).toBe(200);
    const wrong: [string, TestPerson][] = [
      [next, other],
      [next.replace('page-', 'p'), one],
      [next.replace('cursor=', 'cursor=x'), one],
      [next.replace(/cursor=.*/, 'cursor='), one],
      [next.replace(/cursor=.*/, 'cursor=a.b'), one],
    ];
    for (const [path, as] of wrong) {
      expect(await api.get(path, { as })).toMatchObject({ status: 400, body: ['cursor_invalid'] });
    }
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=',
    'limit=0x10',
    'limit=1&limit=2',
    'search=a&search=b',
    `search=${'x'.repeat(101)}`,
  ])('refuses ?%s', async (query) => {
    expect(await api.get(`/api/users?${query}`, { as: ada })).toMatchObject({
      status: 400,
      body: ['query_invalid'],
    });
  });

  it('needs a token', async () => {
    expect(await api.get('/api/users?search=a')).toMatchObject({ status: 401, body: ['generic_401'] });
  });
});

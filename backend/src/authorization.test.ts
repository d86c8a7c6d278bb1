import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actions as knownActions } from './realtime/commands/commands.ts';
import { connect } from './testing/live-client.ts';
import { createWorld, type TestPerson, type World } from './testing/world.ts';

/*
 * Calls every route of the OpenAPI document and every action of a socket as each kind of caller. A new one fails here
 * until its audience is listed.
 */

const callers = ['anonymous', 'expired', 'stranger', 'member', 'admin', 'removed'] as const;
type Caller = (typeof callers)[number];
type Audience = 'everybody' | 'people' | 'members' | 'admins';

const statuses: Record<Audience, Record<Caller, number>> = {
  everybody: { anonymous: 200, expired: 200, stranger: 200, member: 200, admin: 200, removed: 200 },
  people: { anonymous: 401, expired: 401, stranger: 200, member: 200, admin: 200, removed: 200 },
  members: { anonymous: 401, expired: 401, stranger: 404, member: 200, admin: 200, removed: 404 },
  admins: { anonymous: 401, expired: 401, stranger: 404, member: 403, admin: 200, removed: 404 },
};

type Scene = Record<'stranger' | 'member' | 'admin' | 'removed' | 'target', TestPerson> & {
  uuid: string;
  expired: string;
};
type Row = [Audience, body?: (scene: Scene) => unknown];

const profile = () => ({ display_name: 'New', bio: '' });
const routes: Record<string, Row> = {
  'GET /api/health-check': ['everybody'],
  'GET /api/ready': ['everybody'],
  'GET /api/client-config': ['everybody'],
  'GET /api/openapi.json': ['everybody'],
  'GET /api/activities/@{handle}': ['everybody'],
  'GET /api/activities/home': ['people'],
  'GET /api/handles/{handle}': ['everybody'],
  'GET /api/activities/notifications': ['people'],
  'GET /api/profile': ['people'],
  'PUT /api/profile/update': ['people', profile],
  'POST /api/profile/update': ['people', profile],
  'GET /api/profile/export': ['people'],
  'DELETE /api/profile': ['people'],
  'GET /api/users': ['people'],
  'GET /api/users/@{handle}/short': ['people'],
  'POST /api/sign-out': ['people'],
  'GET /api/message_groups': ['people'],
  'POST /api/message_groups': ['people', ({ target }) => ({ title: 'Another', handles: [target.handle] })],
  'GET /api/message_groups/{uuid}': ['members'],
  'PUT /api/message_groups/{uuid}': ['admins', () => ({ title: 'Renamed' })],
  'POST /api/message_groups/{uuid}/members': ['admins', ({ removed }) => ({ handle: removed.handle })],
  'PUT /api/message_groups/{uuid}/members/{handle}': ['admins', () => ({ role: 'admin' })],
  'DELETE /api/message_groups/{uuid}/members/{handle}': ['admins'],
  'PUT /api/message_groups/{uuid}/read': ['members', () => ({ seq: 1 })],
  'PUT /api/message_groups/{uuid}/settings': ['members', () => ({ muted: true })],
  'GET /api/messages/{message_group_uuid}': ['members'],
  'POST /api/messages': ['members', ({ uuid }) => ({ message_group_uuid: uuid, message: 'hello' })],
};

const actions: Record<string, Row> = {
  'message.send': [
    'members',
    ({ uuid }) => ({ message_group_uuid: uuid, message: 'hello', idempotency_key: 'k' }),
  ],
  'message_group.read': ['members', ({ uuid }) => ({ message_group_uuid: uuid, seq: 1 })],
  typing: ['members', ({ uuid }) => ({ message_group_uuid: uuid })],
  ping: ['people'],
};
const codes: Record<number, string> = {
  401: 'generic_401',
  403: 'generic_403',
  404: 'message_group_not_found',
};

let world: World;
let api: Awaited<ReturnType<World['liveNode']>>;
let operations: string[];
beforeAll(async () => {
  world = await createWorld();
  api = await world.liveNode();
  const { paths } = (await api.get('/api/openapi.json')).body as { paths: Record<string, object> };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
});
afterAll(() => world.close());

let made = 0;
/** A group with its people; one of them was removed. */
async function scene(): Promise<Scene> {
  made += 1;
  const names = ['stranger', 'member', 'admin', 'removed', 'target'] as const;
  const people = await Promise.all(names.map((name) => world.person(`${name}${made}`)));
  const [stranger, member, admin, removed, target] = people as [
    TestPerson,
    TestPerson,
    TestPerson,
    TestPerson,
    TestPerson,
  ];
  const handles = [member, removed, target].map(({ handle }) => handle);
  const { body } = await api.post('/api/message_groups', { as: admin, body: { title: 'Group', handles } });
  await api.delete(`/api/message_groups/${body.uuid}/members/${removed.handle}`, { as: admin });
  const past = Math.floor(Date.now() / 1_000) - 60;
  const expired = await world.issuer.token(member.sub, { claims: { exp: past, iat: past - 3_600 } });
  return { stranger, member, admin, removed, target, uuid: body.uuid, expired };
}

function tokenOf(caller: Caller, people: Scene): { token: string } | undefined {
  if (caller === 'anonymous') return undefined;
  return caller === 'expired' ? { token: people.expired } : people[caller];
}

describe('over HTTP', () => {
  it('every route of the document has its audience listed here, and no other route is listed', () => {
    expect(Object.keys(routes).sort()).toEqual(operations.toSorted());
  });

  it.each(Object.entries(routes))('%s', async (operation, [audience, body]) => {
    const [method = '', template = ''] = operation.split(' ');
    const people = await scene();
    const of = (uuid: string) =>
      template.replace(/\{(?:message_group_)?uuid\}/, uuid).replace('{handle}', people.target.handle);
    // Permitted callers come last, because they change the scene.
    for (const caller of callers.toSorted(
      (one, other) => statuses[audience][other] - statuses[audience][one],
    )) {
      const as = tokenOf(caller, people);
      const reply = await api.request(method, of(people.uuid), { as, body: body?.(people) });
      expect([caller, reply.status]).toEqual([caller, statuses[audience][caller]]);
      if (reply.status !== 404) continue;
      // A stranger gets the same answer as for a conversation that does not exist.
      const nowhere = { ...people, uuid: randomUUID() };
      const missing = await api.request(method, of(nowhere.uuid), { as, body: body?.(nowhere) });
      expect([caller, missing.status, missing.body]).toEqual([caller, 404, reply.body]);
    }
  });

  it('a token in the body, the query or a cookie does not count, on a socket neither', async () => {
    const { member } = await scene();
    const socket = await connect(api.url, {
      query: `?access_token=${member.token}&token=${member.token}`,
      headers: { Authorization: `Bearer ${member.token}`, Cookie: `access_token=${member.token}` },
    });
    expect(await socket.request('ping')).toMatchObject({ success: false, error: { code: 'generic_401' } });
    await socket.close();
    const { status } = await api.get(`/api/profile?access_token=${member.token}`, {
      headers: { Cookie: `access_token=${member.token}` },
    });
    expect(status).toBe(401);
  });
});

describe('over a socket', () => {
  it('every action has its audience listed here, and no other action is listed', () => {
    // `authenticate` is tested below, because it makes the caller.
    const others = knownActions.filter((action) => action !== 'authenticate');
    expect(Object.keys(actions).sort()).toEqual(others.toSorted());
  });

  it.each(Object.entries(actions))('%s', async (action, [audience, payload]) => {
    const people = await scene();
    for (const caller of callers) {
      const client = await connect(api.url);
      const as = tokenOf(caller, people);
      if (as) {
        const { success } = await client.request('authenticate', { token: as.token });
        expect([caller, success]).toEqual([caller, caller !== 'expired']);
      }
      const expected = statuses[audience][caller];
      if (caller === 'expired') {
        expect((await client.closed).code).toBe(4401);
        continue;
      }
      const { success, error } = await client.request(action, payload?.(people) ?? {});
      expect([caller, success, error?.code]).toEqual([caller, expected === 200, codes[expected]]);
      await client.close();
    }
  });
});

it('nobody can act as somebody else, whatever a body or a frame names', async () => {
  const { admin, member, stranger, uuid } = await scene();
  const others = { user_uuid: admin.uuid, sub: admin.sub, handle: admin.handle, user_handle: admin.handle };
  const { body } = await api.post('/api/messages', {
    as: member,
    body: { ...others, handle: undefined, message_group_uuid: uuid, message: 'in another name' },
    headers: { 'X-User-Uuid': admin.uuid },
  });
  expect(body).toMatchObject({ user_uuid: member.uuid, handle: member.handle });
  const client = await connect(api.url);
  await client.authenticate(stranger);
  const sent = { ...others, handle: undefined, message_group_uuid: uuid, message: 'x', idempotency_key: 'k' };
  expect(await client.request('message.send', sent)).toMatchObject({
    success: false,
    error: { code: 'message_group_not_found' },
  });
  await client.close();
  await api.put('/api/profile/update', { as: stranger, body: { ...profile(), ...others } });
  expect((await api.get('/api/profile', { as: admin })).body.display_name).toBe(admin.display_name);
});

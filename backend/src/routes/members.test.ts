import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Reply } from '../testing/client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let second: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  world = await createWorld();
  [api, second] = [await world.node(), await world.node()];
});
afterAll(() => world.close());

let made = 0;
/** A group of new people. The first is its admin, and `eve` is not a member. */
async function group(...names: string[]) {
  made += 1;
  const person = (name: string) => world.person(`${name}-${made}`, name);
  const everyone = Object.fromEntries(
    await Promise.all([...names, 'eve'].map(async (name) => [name, await person(name)] as const)),
  ) as Record<string, TestPerson>;
  const [admin = '', ...others] = names;
  const handles = others.map((name) => everyone[name]?.handle);
  const { body } = await api.post('/api/message_groups', {
    as: everyone[admin],
    body: { title: 'Group', handles },
  });
  const path = `/api/message_groups/${body.uuid}/members`;
  return {
    ...everyone,
    uuid: body.uuid as string,
    path,
    add: (as: TestPerson | undefined, handle: unknown) => api.post(path, { as, body: { handle } }),
    setRole: (as: TestPerson | undefined, of: TestPerson | undefined, role: unknown) =>
      api.put(`${path}/${of?.handle}`, { as, body: { role } }),
    remove: (as: TestPerson | undefined, who: TestPerson | undefined) =>
      api.delete(`${path}/${who?.handle.toUpperCase()}`, { as }),
    types: async (as: TestPerson | undefined) =>
      (await api.get(`/api/messages/${body.uuid}`, { as })).body.map(({ type }: { type: string }) => type),
  } as Group;
}
type Group = Record<'ada' | 'ben' | 'cleo' | 'eve', TestPerson> & {
  uuid: string;
  path: string;
  add(as: TestPerson | undefined, handle: unknown): Promise<Reply>;
  setRole(as: TestPerson | undefined, of: TestPerson | undefined, role: unknown): Promise<Reply>;
  remove(as: TestPerson | undefined, who: TestPerson | undefined): Promise<Reply>;
  types(as: TestPerson | undefined): Promise<string[]>;
};

const roles = ({ body }: Reply) =>
  Object.fromEntries(
    body.members.map(({ display_name, role }: Record<string, string>) => [display_name, role]),
  );
const send = (as: TestPerson | undefined, uuid: string, message = 'hello') =>
  api.post('/api/messages', { as, body: { message_group_uuid: uuid, message } });

describe('adding a member', () => {
  it('lets the new member read the history with nothing unread, and see the other members', async () => {
    const { ada, eve, uuid, add } = await group('ada', 'ben');
    await send(ada, uuid, 'before');
    const added = await add(ada, eve.handle.toUpperCase());
    expect(added.status).toBe(200);
    expect(roles(added)).toEqual({ ada: 'admin', ben: 'member', eve: 'member' });
    const history = await second.get(`/api/messages/${uuid}`, { as: eve });
    expect(history.body).toMatchObject([
      { type: 'group_created' },
      { type: 'message', message: 'before' },
      { type: 'members_added', message: 'ada added eve' },
    ]);
    const [row] = (await second.get('/api/message_groups', { as: eve })).body;
    expect(row).toMatchObject({ uuid, display_name: 'Group', last_seq: 3, unread_count: 0, read_seq: 3 });
    expect((await send(eve, uuid)).status).toBe(200);
  });

  it('gives nobody a read position for entries before they joined, nor the creator', async () => {
    const { ada, ben, eve, uuid, add } = await group('ada', 'ben');
    const receipts = async () => {
      const { body } = await second.get(`/api/message_groups/${uuid}`, { as: ada });
      return Object.fromEntries(
        body.members.map(({ display_name, read_seq }: Record<string, unknown>) => [display_name, read_seq]),
      );
    };
    const markRead = async (as: TestPerson, seq: number) =>
      (await api.put(`/api/message_groups/${uuid}/read`, { as, body: { seq } })).body;
    expect(await receipts()).toEqual({ ada: null, ben: null });
    await send(ada, uuid, 'before');
    await add(ada, eve.handle);
    await world.project(uuid);
    expect(await receipts()).toEqual({ ada: 2, ben: null, eve: null });
    // Reading entries older than eve's joining must not move the position that others see.
    expect(await markRead(eve, 2)).toEqual({ read_seq: 3, unread_count: 0 });
    expect(await receipts()).toEqual({ ada: 2, ben: null, eve: null });
    expect(await markRead(eve, 3)).toEqual({ read_seq: 3, unread_count: 0 });
    expect(await receipts()).toEqual({ ada: 2, ben: null, eve: 3 });
    await send(ben, uuid, 'from ben');
    await world.project(uuid);
    expect(await receipts()).toEqual({ ada: 2, ben: 4, eve: 3 });
    expect(await markRead(ben, 4)).toEqual({ read_seq: 4, unread_count: 0 });
    expect(await markRead(ben, 1)).toEqual({ read_seq: 4, unread_count: 0 });
    expect(await receipts()).toEqual({ ada: 2, ben: 4, eve: 3 });
  });

  it('writes nothing for a person who is a member already', async () => {
    const { ada, ben, add, types } = await group('ada', 'ben');
    expect((await add(ada, ben.handle)).status).toBe(200);
    expect((await add(ada, ada.handle)).status).toBe(200);
    expect(await types(ada)).toEqual(['group_created']);
  });

  it('is allowed for admins only', async () => {
    const { ben, eve, add } = await group('ada', 'ben');
    expect(await add(ben, eve.handle)).toMatchObject({ status: 403, body: ['generic_403'] });
    expect(await add(ben, 'nobody')).toMatchObject({ status: 403, body: ['generic_403'] });
  });

  it('refuses a handle that is unknown, blank or not a string', async () => {
    const { ada, add } = await group('ada', 'ben');
    expect(await add(ada, 'nobody')).toMatchObject({ status: 404, body: ['user_not_found'] });
    for (const handle of ['', ' ', undefined, null]) {
      expect(await add(ada, handle)).toMatchObject({ status: 422, body: ['user_reciever_handle_blank'] });
    }
    expect(await add(ada, ['x'])).toMatchObject({ status: 422, body: ['body_invalid'] });
  });
});

describe('removing a member', () => {
  it("ends their access at once, also on another node, and nobody else's", async () => {
    const { ada, ben, cleo, uuid, remove } = await group('ada', 'ben', 'cleo');
    for (const node of [api, second]) {
      expect(
        (await node.post('/api/messages', { as: ben, body: { message_group_uuid: uuid, message: 'x' } }))
          .status,
      ).toBe(200);
    }
    const removed = await remove(ada, ben);
    expect(removed.status).toBe(200);
    expect(roles(removed)).toEqual({ ada: 'admin', cleo: 'member' });
    for (const node of [second, api]) {
      const body = { message_group_uuid: uuid, message: 'still here?' };
      const refused = [
        await node.post('/api/messages', { as: ben, body }),
        await node.get(`/api/messages/${uuid}`, { as: ben }),
        await node.get(`/api/message_groups/${uuid}`, { as: ben }),
        await node.put(`/api/message_groups/${uuid}/read`, { as: ben, body: { seq: 1 } }),
      ];
      for (const reply of refused)
        expect(reply).toMatchObject({ status: 404, body: ['message_group_not_found'] });
      expect((await node.get('/api/message_groups', { as: ben })).body).toEqual([]);
    }
    expect((await send(cleo, uuid)).body.seq).toBe(5);
  });

  it('may be repeated, and has no effect on people who never were members', async () => {
    const { ada, ben, eve, remove, types } = await group('ada', 'ben');
    for (const _ of [1, 2]) expect((await remove(ada, ben)).status).toBe(200);
    expect((await remove(ada, eve)).status).toBe(200);
    expect(await types(ada)).toEqual(['group_created', 'member_removed']);
  });

  it('lets a removed member be added again', async () => {
    const { ada, ben, uuid, add, remove } = await group('ada', 'ben');
    await remove(ada, ben);
    expect(roles(await add(ada, ben.handle))).toEqual({ ada: 'admin', ben: 'member' });
    expect((await send(ben, uuid)).body.seq).toBe(4);
  });

  it('is allowed for admins only', async () => {
    const { ben, cleo, remove } = await group('ada', 'ben', 'cleo');
    expect(await remove(ben, cleo)).toMatchObject({ status: 403, body: ['generic_403'] });
  });

  it('finds an erased member by the handle that is shown', async () => {
    const { ada, ben, remove, path } = await group('ada', 'ben');
    await world.database.pool.query('update users set erased_at = now() where uuid = $1', [ben.uuid]);
    expect(roles(await remove(ada, ben))).toEqual({ ada: 'admin' });
    expect(await api.delete(`${path}/nobody`, { as: ada })).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
  });
});

describe('a notice', () => {
  it('isolates the direction of the names and the title in it, also in notices of earlier versions', async () => {
    const { ada, ben, uuid, add, eve } = await group('ada', 'ben');
    await world.database.pool.query(
      "update users set display_name = E'\\u202Eeve\\u2069\\n' where uuid = $1",
      [eve.uuid],
    );
    await api.put('/api/profile/update', { as: ada, body: { display_name: 'עדה' } });
    await add(ada, eve.handle);
    await api.put(`/api/message_groups/${uuid}`, { as: ada, body: { title: 'שלום 1' } });
    const { body } = await api.get(`/api/messages/${uuid}`, { as: ben });
    const messages = body.map(({ message }: { message: string }) => message);
    expect(messages.slice(1)).toEqual([
      '\u2068עדה\u2069 added \u2068\u202eeve \u2069',
      '\u2068עדה\u2069 renamed the group to “\u2068שלום 1\u2069”',
    ]);
  });
});

describe('a member by uuid', () => {
  it('is added, made an admin, and removed, whatever the handle is', async () => {
    const { ada, eve, add, path } = await group('ada', 'ben');
    await world.database.pool.query("update users set handle = '..' where uuid = $1", [eve.uuid]);
    expect(roles(await add(ada, eve.uuid))).toEqual({ ada: 'admin', ben: 'member', eve: 'member' });
    const promoted = await api.put(`${path}/${eve.uuid.toUpperCase()}`, { as: ada, body: { role: 'admin' } });
    expect(roles(promoted)).toEqual({ ada: 'admin', ben: 'member', eve: 'admin' });
    expect(roles(await api.delete(`${path}/${eve.uuid}`, { as: ada }))).toEqual({
      ada: 'admin',
      ben: 'member',
    });
    await world.database.pool.query("update users set handle = 'eve-' || uuid where uuid = $1", [eve.uuid]);
  });

  it('can be removed when erased, but not be given a role', async () => {
    const { ada, ben, path } = await group('ada', 'ben');
    await world.database.pool.query('update users set erased_at = now() where uuid = $1', [ben.uuid]);
    expect(await api.put(`${path}/${ben.uuid}`, { as: ada, body: { role: 'admin' } })).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
    expect(roles(await api.delete(`${path}/${ben.uuid}`, { as: ada }))).toEqual({ ada: 'admin' });
    expect((await api.delete(`${path}/${randomUUID()}`, { as: ada })).body).toEqual(['user_not_found']);
  });
});

describe('leaving', () => {
  it('answers the group without the leaver, who is a stranger afterwards', async () => {
    const { ada, ben, uuid, remove } = await group('ada', 'ben');
    await send(ada, uuid, 'unread');
    await world.project(uuid);
    const left = await remove(ben, ben);
    expect(left).toMatchObject({
      status: 200,
      body: { uuid, kind: 'group', title: 'Group', last_seq: 2, unread_count: 1, read_seq: 1 },
    });
    expect(roles(left)).toEqual({ ada: 'admin' });
    expect(await remove(ben, ben)).toMatchObject({ status: 404, body: ['message_group_not_found'] });
  });

  it('makes the oldest member admin when the last admin leaves', async () => {
    const { ada, ben, cleo, eve, uuid, add, remove, types } = await group('ada', 'ben', 'cleo');
    await add(ada, eve.handle);
    const left = await remove(ada, ada);
    const heirs = Object.entries(roles(left)).filter(([, role]) => role === 'admin');
    expect(heirs).toHaveLength(1);
    expect(['ben', 'cleo']).toContain(heirs[0]?.[0]);
    const heir = heirs[0]?.[0] === 'ben' ? ben : cleo;
    expect(await types(heir)).toEqual(['group_created', 'members_added', 'member_removed', 'role_changed']);
    const renamed = await api.put(`/api/message_groups/${uuid}`, { as: heir, body: { title: 'Mine' } });
    expect(renamed.status).toBe(200);
  });

  it('is possible for the last member', async () => {
    const { ada, ben, remove } = await group('ada', 'ben');
    await remove(ben, ben);
    expect((await remove(ada, ada)).body.members).toEqual([]);
    expect((await api.get('/api/message_groups', { as: ada })).body).toEqual([]);
  });
});

describe('changing a role', () => {
  it('makes a member an admin and an admin a member, and a repeat changes nothing', async () => {
    const { ada, ben, setRole, types } = await group('ada', 'ben');
    for (const _ of [1, 2])
      expect(roles(await setRole(ada, ben, 'admin'))).toEqual({ ada: 'admin', ben: 'admin' });
    expect(roles(await setRole(ben, ada, 'member'))).toEqual({ ada: 'member', ben: 'admin' });
    expect(await types(ada)).toEqual(['group_created', 'role_changed', 'role_changed']);
    expect(await setRole(ada, ben, 'member')).toMatchObject({ status: 403, body: ['generic_403'] });
  });

  it('keeps one admin, and refuses strangers and unknown roles', async () => {
    const { ada, ben, eve, setRole, path } = await group('ada', 'ben');
    expect(await setRole(ada, ada, 'member')).toMatchObject({ status: 422, body: ['last_admin'] });
    expect(await setRole(ada, eve, 'admin')).toMatchObject({ status: 404, body: ['member_not_found'] });
    expect(await api.put(`${path}/nobody`, { as: ada, body: { role: 'admin' } })).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
    for (const role of ['owner', '', null, undefined, 5, ['admin']]) {
      expect(await setRole(ada, ben, role)).toMatchObject({ status: 422, body: ['role_invalid'] });
    }
  });
});

describe('the members of a conversation', () => {
  it('are hidden from strangers, who cannot even tell whether a handle or the conversation exists', async () => {
    const { ada, eve, path } = await group('ada', 'ben');
    for (const base of [path, `/api/message_groups/${randomUUID()}/members`]) {
      for (const handle of [ada.handle, eve.handle, 'nobody']) {
        const replies = [
          await api.post(base, { as: eve, body: { handle } }),
          await api.put(`${base}/${handle}`, { as: eve, body: { role: 'admin' } }),
          await api.delete(`${base}/${handle}`, { as: eve }),
        ];
        for (const reply of replies)
          expect(reply).toMatchObject({ status: 404, body: ['message_group_not_found'] });
      }
    }
  });

  it('cannot be changed in a direct conversation', async () => {
    const { ada, ben, eve } = await group('ada', 'ben');
    const { body } = await api.post('/api/messages', {
      as: ada,
      body: { handle: ben.handle, message: 'hello' },
    });
    const base = `/api/message_groups/${body.message_group_uuid}/members`;
    const replies = [
      await api.post(base, { as: ada, body: { handle: eve.handle } }),
      await api.put(`${base}/${ben.handle}`, { as: ada, body: { role: 'admin' } }),
      await api.delete(`${base}/${ada.handle}`, { as: ada }),
      await api.delete(`${base}/nobody`, { as: ada }),
    ];
    for (const reply of replies) expect(reply).toMatchObject({ status: 422, body: ['direct_conversation'] });
  });

  it('need a token and a uuid', async () => {
    const { ada, ben, path, add, remove, setRole } = await group('ada', 'ben');
    for (const reply of [
      await add(undefined, 'x'),
      await remove(undefined, ben),
      await setRole(undefined, ben, 'admin'),
    ]) {
      expect(reply).toMatchObject({ status: 401, body: ['generic_401'] });
    }
    const wrong = path.replace(/message_groups\/[^/]+/, 'message_groups/x');
    expect(await api.post(wrong, { as: ada, body: { handle: 'x' } })).toMatchObject({
      status: 400,
      body: ['path_invalid'],
    });
    expect(await api.delete(`${wrong}/x`, { as: ada })).toMatchObject({
      status: 400,
      body: ['path_invalid'],
    });
  });
});

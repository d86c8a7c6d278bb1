import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repair } from '@parley/core/audit/repair';
import * as messageGroups from '@parley/core/conversations/message-groups';
import { summaryKey } from '@parley/core/table/keys';
import { nextOf } from '../testing/client.ts';
import { refusals } from '../testing/refusals.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
});
afterAll(() => world.close());

let made = 0;
async function person(name: string): Promise<TestPerson> {
  made += 1;
  return world.person(`${name}-${made}`);
}

const change = (as: TestPerson | undefined, uuid: string, body: unknown) =>
  api.put(`/api/message_groups/${uuid}/settings`, { as, body });
const inbox = (as: TestPerson, query = '') => api.get(`/api/message_groups${query}`, { as });
const uuidsOf = ({ body }: { body: { uuid: string }[] }) => body.map(({ uuid }) => uuid);

async function write(from: TestPerson, to: TestPerson, message = 'hello'): Promise<string> {
  const { body } = await api.post('/api/messages', { as: from, body: { handle: to.handle, message } });
  await world.project(body.message_group_uuid);
  return body.message_group_uuid;
}

describe('a muted conversation', () => {
  it('stays in the inbox with its unread count, and is not counted among those with something unread', async () => {
    const [ada, ben] = [await person('ada'), await person('ben')];
    const uuid = await write(ben, ada);
    expect(await change(ada, uuid, { muted: true })).toMatchObject({
      status: 200,
      body: { muted: true, hidden: false },
    });
    const { body, headers } = await inbox(ada);
    expect(body).toMatchObject([{ uuid, muted: true, unread_count: 1 }]);
    expect(headers.get('Parley-Unread-Conversations')).toBe('0');
    expect((await inbox(ben)).body).toMatchObject([{ uuid, muted: false, settings_version: 0 }]);
    await change(ada, uuid, { muted: false });
    expect((await inbox(ada)).headers.get('Parley-Unread-Conversations')).toBe('1');
  });
});

describe('a hidden conversation', () => {
  it('can be hidden before its summary shows the newest message', async () => {
    const [ada, ben] = [await person('ada'), await person('ben')];
    const uuid = await write(ben, ada);
    await api.post('/api/messages', { as: ben, body: { message_group_uuid: uuid, message: 'seen live' } });
    expect((await change(ada, uuid, { hidden: true })).body).toEqual({ muted: false, hidden: true });
    await world.project(uuid);
    expect(uuidsOf(await inbox(ada))).toEqual([]);
    await write(ben, ada, 'the next one');
    expect(uuidsOf(await inbox(ada))).toEqual([uuid]);
  });

  it('leaves the inbox of that member only, is listed among the hidden, and returns with its next message', async () => {
    const [ada, ben, cleo] = [await person('ada'), await person('ben'), await person('cleo')];
    const uuid = await write(ben, ada);
    const other = await write(cleo, ada);
    expect((await change(ada, uuid, { hidden: true })).body).toEqual({ muted: false, hidden: true });
    const shown = await inbox(ada);
    expect(uuidsOf(shown)).toEqual([other]);
    expect(shown.headers.get('Parley-Unread-Conversations')).toBe('1');
    expect(uuidsOf(await inbox(ada, '?hidden=true'))).toEqual([uuid]);
    expect((await api.get(`/api/message_groups/${uuid}`, { as: ada })).body.hidden).toBe(true);
    expect(uuidsOf(await inbox(ben))).toEqual([uuid]);

    await write(ben, ada, 'again');
    expect((await inbox(ada)).body).toMatchObject([
      { uuid, hidden: false, unread_count: 2 },
      { uuid: other },
    ]);
    expect((await inbox(ada, '?hidden=true')).body).toEqual([]);
  });

  it('returns with an own message or when it is unhidden, and not with a change of members', async () => {
    const [ada, ben] = [await person('ada'), await person('ben')];
    const body = { title: 'quiet', handles: [ben.handle] };
    const { uuid } = (
      await api.post('/api/message_groups', { as: ben, body: { ...body, handles: [ada.handle] } })
    ).body;
    await change(ada, uuid, { hidden: true });
    await api.put(`/api/message_groups/${uuid}`, { as: ben, body: { title: 'still quiet' } });
    await world.project(uuid);
    expect((await inbox(ada)).body).toEqual([]);
    await api.post('/api/messages', { as: ada, body: { message_group_uuid: uuid, message: 'mine' } });
    await world.project(uuid);
    expect(uuidsOf(await inbox(ada))).toEqual([uuid]);
    await change(ada, uuid, { hidden: true });
    await change(ada, uuid, { hidden: false });
    expect(uuidsOf(await inbox(ada))).toEqual([uuid]);
  });

  it('leaves full pages, without a gap or a repeat', async () => {
    const ada = await person('ada');
    const uuids: string[] = [];
    for (let index = 0; index < 9; index += 1) uuids.unshift(await write(await person('friend'), ada));
    for (const hidden of [0, 1, 2, 4, 7]) await change(ada, uuids[hidden] ?? '', { hidden: true });
    for (const [query, expected] of [
      ['', [3, 5, 6, 8]],
      ['&hidden=true', [0, 1, 2, 4, 7]],
    ] as const) {
      const pages = [await inbox(ada, `?limit=2${query}`)];
      for (let next = nextOf(pages[0] as never); next; next = nextOf(pages.at(-1) as never))
        pages.push(await api.get(next, { as: ada }));
      expect(pages.flatMap(uuidsOf)).toEqual(expected.map((index) => uuids[index]));
      expect(pages[0]?.body).toHaveLength(2);
    }
  });

  it('with many members returns before its summary is written, and can be hidden before that too', async () => {
    const admin = await person('admin');
    const crowd = await Promise.all(Array.from({ length: 101 }, (_, index) => person(`m${index}`)));
    const handles = crowd.slice(0, 48).map(({ handle }) => handle);
    const { uuid } = (await api.post('/api/message_groups', { as: admin, body: { title: 'crowd', handles } }))
      .body;
    for (let start = 48; start < crowd.length; start += 48) {
      const people = crowd.slice(start, start + 48);
      await messageGroups.addMembers(api.ctx.log, { messageGroupUuid: uuid, actor: admin, people });
    }
    await world.project(uuid);
    const [reader] = crowd as [TestPerson];
    const say = () =>
      api.post('/api/messages', { as: admin, body: { message_group_uuid: uuid, message: 'to all' } });
    await change(reader, uuid, { hidden: true });
    expect((await inbox(reader)).body).toEqual([]);
    await say();
    await untilCacheExpires();
    expect((await inbox(reader)).body).toMatchObject([{ uuid, unread_count: 1, hidden: false }]);
    await change(reader, uuid, { hidden: true });
    expect((await inbox(reader)).body).toEqual([]);
    expect(uuidsOf(await inbox(reader, '?hidden=true'))).toEqual([uuid]);
  }, 30_000);

  it('stays hidden and muted when its summary is rebuilt', async () => {
    const [ada, ben] = [await person('ada'), await person('ben')];
    const uuid = await write(ben, ada);
    await change(ada, uuid, { muted: true, hidden: true });
    const suspect = { messageGroupUuid: uuid, mark: Number.POSITIVE_INFINITY };
    await world.table.doc.send(
      new UpdateCommand({
        TableName: world.table.name,
        Key: summaryKey(ada.uuid, uuid),
        UpdateExpression: 'SET message = :wrong',
        ExpressionAttributeValues: { ':wrong': 'wrong' },
      }),
    );
    const accused = { conversations: [suspect], orphans: [] } as never;
    expect(await repair(world.table, undefined, accused)).toMatchObject({ rewritten: 1 });
    expect((await inbox(ada, '?hidden=true')).body).toMatchObject([
      { uuid, message: 'hello', muted: true, hidden: true },
    ]);
  });
});

/** The newest entry of a large conversation is cached for a second. */
const untilCacheExpires = () => new Promise((resolve) => setTimeout(resolve, 1_100));

describe('changing settings', () => {
  it('changes the given settings only, and a repeat writes nothing', async () => {
    const [ada, ben] = [await person('ada'), await person('ben')];
    const uuid = await write(ben, ada);
    const version = async () => (await inbox(ada, '?hidden=true')).body[0].settings_version;
    await change(ada, uuid, { muted: true });
    expect((await change(ada, uuid, { hidden: true })).body).toEqual({ muted: true, hidden: true });
    expect(await version()).toBe(2);
    expect((await change(ada, uuid, { hidden: true, muted: true })).body).toEqual({
      muted: true,
      hidden: true,
    });
    expect(await version()).toBe(2);
  });

  it.each(
    refusals([
      [{}, ['body_invalid']],
      [[], ['body_invalid']],
      [null, ['body_invalid']],
      [{ muted: 'yes' }, ['body_invalid']],
      [{ muted: null }, ['body_invalid']],
      [{ hidden: 1, muted: true }, ['body_invalid']],
    ]),
  )('refuses %s', async (_, body, codes) => {
    const [ada, ben] = [await person('ada'), await person('ben')];
    const uuid = await write(ben, ada);
    expect(await change(ada, uuid, body)).toMatchObject({ status: 422, body: codes });
    expect((await inbox(ada)).body).toMatchObject([{ muted: false, hidden: false, settings_version: 0 }]);
  });

  it('is refused for strangers, former members, and requests without a token or a valid body', async () => {
    const [ada, ben, cleo] = [await person('ada'), await person('ben'), await person('cleo')];
    const direct = await write(ben, ada);
    const body = { title: 'x', handles: [cleo.handle] };
    const { uuid: group } = (await api.post('/api/message_groups', { as: ada, body })).body;
    await api.delete(`/api/message_groups/${group}/members/${cleo.handle}`, { as: cleo });
    const nothing = '11111111-1111-4111-8111-111111111111';
    for (const uuid of [direct, group, nothing])
      expect(await change(cleo, uuid, { muted: true })).toMatchObject({
        status: 404,
        body: ['message_group_not_found'],
      });
    expect((await change(undefined, direct, { muted: true })).status).toBe(401);
    expect((await change(ada, 'x', { muted: true })).status).toBe(400);
    const raw = await api.put(`/api/message_groups/${direct}/settings`, { as: ada, raw: '{' });
    expect(raw.status).toBe(400);
    expect((await inbox(ada, '?hidden=maybe')).status).toBe(400);
  });
});

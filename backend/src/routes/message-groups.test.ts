import { randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { summaryItem } from '@parley/core/inbox/summaries';
import { nextOf, type Reply } from '../testing/client.ts';
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
/** New people whose handles begin with the given words. */
function people(...names: string[]): Promise<TestPerson[]> {
  made += 1;
  return Promise.all(
    names.map((name) => world.person(`${name}-${made}`, `${name[0]?.toUpperCase()}${name.slice(1)}`)),
  );
}

const create = (as: TestPerson | undefined, body: unknown, key?: string) =>
  api.post('/api/message_groups', { as, body, ...(key !== undefined && { key }) });
const send = (as: TestPerson | undefined, body: object) => api.post('/api/messages', { as, body });
const show = (as: TestPerson | undefined, uuid: string) => api.get(`/api/message_groups/${uuid}`, { as });
const markRead = (as: TestPerson | undefined, uuid: string, seq: unknown) =>
  api.put(`/api/message_groups/${uuid}/read`, { as, body: { seq } });
const namesOf = (person: TestPerson | undefined) => ({
  uuid: person?.uuid,
  handle: person?.handle,
  display_name: person?.display_name,
  tone: person?.tone,
});
const readBy = ({ body }: Reply) =>
  Object.fromEntries(
    body.members.map(({ display_name, read_seq }: Record<string, unknown>) => [display_name, read_seq]),
  );
const roles = ({ body }: Reply) =>
  Object.fromEntries(
    body.members.map(({ display_name, role }: Record<string, string>) => [display_name, role]),
  );

/** Puts a conversation with an unread message into an inbox, without a log. */
function unreadSummary(person: TestPerson | undefined) {
  const author = { user_uuid: randomUUID(), user_handle: 'x', user_display_name: 'x' };
  const at = { seq: 1, message_count: 1, created_at: new Date().toISOString() };
  const entry = {
    type: 'message' as const,
    message: 'x',
    message_uuid: randomUUID(),
    message_group_uuid: randomUUID(),
    ...author,
    ...at,
  };
  const about = { kind: 'group' as const, title: 'x' };
  const summary = { userUuid: person?.uuid ?? '', entry, about, read: { seq: 0, count: 0 } };
  return new PutCommand({ TableName: world.table.name, Item: summaryItem(summary) });
}

describe('creating a group', () => {
  it('includes the creator as its admin and answers the group', async () => {
    const [ada, ben, cleo] = await people('ada', 'ben', 'cleo');
    const handles = [ben?.handle.toUpperCase(), cleo?.handle, ben?.handle];
    const { status, body } = await create(ada, { title: ' Reading 📚 <b>club</b> ', handles });
    expect(status).toBe(200);
    expect(body).toEqual({
      uuid: expect.any(String),
      message_group_uuid: body.uuid,
      kind: 'group',
      title: ' Reading 📚 <b>club</b> ',
      members: expect.any(Array),
    });
    expect(roles({ body } as Reply)).toEqual({ Ada: 'admin', Ben: 'member', Cleo: 'member' });
    const history = await api.get(`/api/messages/${body.uuid}`, { as: cleo });
    expect(history.body).toMatchObject([
      { seq: 1, type: 'group_created', user_uuid: ada?.uuid, display_name: 'Ada' },
    ]);
  });

  it('makes one group from repeated requests with a key, also from concurrent ones on two nodes', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const body = { title: 'Once', handles: [ben?.handle] };
    const second = await world.node();
    const replies = await Promise.all([
      create(ada, body, 'k'),
      second.post('/api/message_groups', { as: ada, body, key: 'k' }),
      create(ada, { title: 'Once', handles: [ben?.handle.toUpperCase(), ada?.handle] }, 'k'),
    ]);
    replies.push(await create(ada, body, 'k'));
    expect(new Set(replies.map((reply) => `${reply.status} ${reply.body.uuid}`)).size).toBe(1);
    expect(await create(ada, { ...body, title: 'Other' }, 'k')).toMatchObject({
      status: 409,
      body: ['idempotency_conflict'],
    });
    expect((await create(ben, { title: 'Once', handles: [ada?.handle] }, 'k')).body.uuid).not.toBe(
      replies[0]?.body.uuid,
    );
  });

  it('makes two groups from two requests without a key', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const body = { title: 'Twice', handles: [ben?.handle] };
    expect((await create(ada, body)).body.uuid).not.toBe((await create(ada, body)).body.uuid);
  });

  it('is refused if one handle is unknown', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const handles = [ben?.handle, 'nobody-there'];
    expect(await create(ada, { title: 'x', handles })).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
    expect((await api.get('/api/message_groups', { as: ben })).body).toEqual([]);
    expect((await api.get('/api/message_groups', { as: ada })).body).toEqual([]);
  });

  it('accepts 48 other people', async () => {
    const [ada] = await people('ada');
    const crowd = await people(...Array.from({ length: 48 }, (_, index) => `crowd${index}`));
    const { status, body } = await create(ada, {
      title: 'Crowd',
      handles: crowd.map(({ handle }) => handle),
    });
    expect(status).toBe(200);
    expect(body.members).toHaveLength(49);
  });

  it.each(
    refusals([
      [{}, ['title_blank', 'handles_invalid']],
      [{ title: ' \u200b', handles: ['x'] }, ['title_blank']],
      [{ title: 'x'.repeat(101), handles: ['x'] }, ['title_exceed_max_chars_100']],
      [{ title: '\u2800\u0007\ufffc', handles: ['x'] }, ['title_blank']],
      [{ title: 'a\0', handles: ['x'] }, ['text_not_well_formed']],
      [{ title: 'a\nb', handles: ['x'] }, ['text_not_well_formed']],
      [{ title: 'a\u202eb', handles: ['x'] }, ['text_not_well_formed']],
      [{ title: 'a\ud800', handles: ['x'] }, ['text_not_well_formed']],
      [{ title: 5, handles: ['x'] }, ['body_invalid']],
      [{ title: 'x', handles: [] }, ['handles_invalid']],
      [{ title: 'x', handles: Array(49).fill('x') }, ['handles_invalid']],
      [{ title: 'x', handles: ['x', ''] }, ['handles_invalid']],
      [{ title: 'x', handles: [5] }, ['handles_invalid']],
      [{ title: 'x', handles: 'x' }, ['handles_invalid']],
      [{ title: 'x', handles: { 0: 'x' } }, ['handles_invalid']],
      [[], ['body_invalid']],
    ]),
  )('refuses %s', async (_title, body: unknown, codes) => {
    const [ada] = await people('ada');
    expect(await create(ada, body)).toMatchObject({ status: 422, body: codes });
  });

  it('needs a token and a well-formed key', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const body = { title: 'x', handles: [ben?.handle] };
    expect(await create(undefined, body)).toMatchObject({ status: 401, body: ['generic_401'] });
    expect(await create(ada, body, 'x'.repeat(129))).toMatchObject({
      status: 422,
      body: ['idempotency_key_invalid'],
    });
  });
});

describe('a conversation', () => {
  it("shows its members with roles and read positions, and the caller's unread count", async () => {
    const [ada, ben] = await people('ada', 'ben');
    const { uuid } = (await create(ada, { title: 'Talk', handles: [ben?.handle] })).body;
    await send(ada, { message_group_uuid: uuid, message: 'one' });
    await send(ada, { message_group_uuid: uuid, message: 'two' });
    await world.project(uuid);
    const { status, body } = await show(ben, uuid);
    expect(status).toBe(200);
    expect(body).toEqual({
      uuid,
      kind: 'group',
      title: 'Talk',
      members: expect.arrayContaining([
        { ...namesOf(ada), role: 'admin', read_seq: 3 },
        { ...namesOf(ben), role: 'member', read_seq: null },
      ]),
      last_seq: 3,
      unread_count: 2,
      muted: false,
      hidden: false,
      read_seq: 1,
    });
    expect((await show(ada, uuid)).body).toMatchObject({ last_seq: 3, unread_count: 0, read_seq: 3 });
  });

  it('with two people has no title and no admin', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const { body } = await send(ada, { handle: ben?.handle, message: 'hello' });
    const shown = await show(ben, body.message_group_uuid);
    expect(shown.body).toMatchObject({
      kind: 'direct',
      title: null,
      last_seq: 1,
      unread_count: 1,
      read_seq: 0,
    });
    expect(roles(shown)).toEqual({ Ada: 'member', Ben: 'member' });
    expect(readBy(shown)).toEqual({ Ada: 1, Ben: null });
  });

  it('pages its members', async () => {
    const [ada, ben, cleo] = await people('ada', 'ben', 'cleo');
    const { uuid } = (await create(ada, { title: 'Pages', handles: [ben?.handle, cleo?.handle] })).body;
    const path = `/api/message_groups/${uuid}?limit=2`;
    const first = await api.get(path, { as: ada });
    const second = await api.get(nextOf(first) ?? '', { as: ada });
    expect([first, second].map(({ body }) => body.members.length)).toEqual([2, 1]);
    expect(roles({ body: { members: [...first.body.members, ...second.body.members] } } as Reply)).toEqual({
      Ada: 'admin',
      Ben: 'member',
      Cleo: 'member',
    });
    expect(nextOf(second)).toBeUndefined();
    expect(await api.get(nextOf(first) ?? '', { as: ben })).toMatchObject({
      status: 400,
      body: ['cursor_invalid'],
    });
  });

  it('is 404 for a stranger, as if it did not exist', async () => {
    const [ada, ben, eve] = await people('ada', 'ben', 'eve');
    const { uuid } = (await create(ada, { title: 'Secret', handles: [ben?.handle] })).body;
    for (const each of [uuid, randomUUID()]) {
      const replies = [
        await show(eve, each),
        await markRead(eve, each, 1),
        await api.put(`/api/message_groups/${each}`, { as: eve, body: { title: 'Mine' } }),
      ];
      for (const reply of replies)
        expect(reply).toMatchObject({ status: 404, body: ['message_group_not_found'] });
    }
  });

  it('needs a token and a uuid', async () => {
    const [ada] = await people('ada');
    expect(await show(undefined, randomUUID())).toMatchObject({ status: 401, body: ['generic_401'] });
    expect(await show(ada, 'x')).toMatchObject({ status: 400, body: ['path_invalid'] });
    expect(await markRead(undefined, randomUUID(), 1)).toMatchObject({ status: 401 });
    expect(await markRead(ada, 'x', 1)).toMatchObject({ status: 400, body: ['path_invalid'] });
  });
});

describe('renaming a group', () => {
  const rename = (as: TestPerson | undefined, uuid: string, title: unknown) =>
    api.put(`/api/message_groups/${uuid}`, { as, body: { title } });

  it('is allowed for admins, is written to the log once, and shows in inboxes', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const { uuid } = (await create(ada, { title: 'Old', handles: [ben?.handle] })).body;
    for (const _ of [1, 2]) {
      expect(await rename(ada, uuid, 'New 🎉')).toMatchObject({
        status: 200,
        body: { uuid, title: 'New 🎉' },
      });
    }
    const history = await api.get(`/api/messages/${uuid}`, { as: ben });
    expect(history.body).toMatchObject([{ type: 'group_created' }, { type: 'title_changed', seq: 2 }]);
    await world.project(uuid);
    const [row] = (await api.get('/api/message_groups', { as: ben })).body;
    expect(row).toMatchObject({ display_name: 'New 🎉', handle: null, last_seq: 2, unread_count: 0 });
    expect(await rename(ben, uuid, 'Mine')).toMatchObject({ status: 403, body: ['generic_403'] });
  });

  it('is refused for direct conversations', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const { body } = await send(ada, { handle: ben?.handle, message: 'hello' });
    expect(await rename(ada, body.message_group_uuid, 'Us')).toMatchObject({
      status: 422,
      body: ['direct_conversation'],
    });
  });

  it('refuses a title that is blank, too long or not a string, and a request without a token', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const { uuid } = (await create(ada, { title: 'Kept', handles: [ben?.handle] })).body;
    const wrong: [unknown, string][] = [
      ['', 'title_blank'],
      [undefined, 'title_blank'],
      ['x'.repeat(101), 'title_exceed_max_chars_100'],
      ['\0', 'title_blank'],
      ['a\u2067', 'text_not_well_formed'],
      ['a\u2028b', 'text_not_well_formed'],
      [{}, 'body_invalid'],
    ];
    for (const [title, code] of wrong) {
      expect(await rename(ada, uuid, title)).toMatchObject({ status: 422, body: [code] });
    }
    expect((await rename(undefined, uuid, 'x')).status).toBe(401);
    expect((await show(ada, uuid)).body.title).toBe('Kept');
  });
});

describe('marking as read', () => {
  it('moves forward only, never past the newest entry, and may be repeated', async () => {
    const [ada, ben] = await people('ada', 'ben');
    const { message_group_uuid: uuid } = (await send(ada, { handle: ben?.handle, message: '1' })).body;
    for (const message of ['2', '3', '4']) await send(ada, { message_group_uuid: uuid, message });
    await world.project(uuid);
    const steps: [number, object][] = [
      [0, { read_seq: 0, unread_count: 4 }],
      [2, { read_seq: 2, unread_count: 2 }],
      [2, { read_seq: 2, unread_count: 2 }],
      [1, { read_seq: 2, unread_count: 2 }],
      [999_999_999_999, { read_seq: 4, unread_count: 0 }],
      [3, { read_seq: 4, unread_count: 0 }],
    ];
    for (const [seq, expected] of steps) {
      const { status, body } = await markRead(ben, uuid, seq);
      expect(status).toBe(200);
      expect(body).toEqual(expected);
    }
    expect((await show(ada, uuid)).body.members).toEqual(
      expect.arrayContaining([expect.objectContaining({ display_name: 'Ben', read_seq: 4 })]),
    );
  });

  it.each([undefined, null, '1', 1.5, -1, 1e12, [], {}])('refuses seq %j', async (seq) => {
    const [ada, ben] = await people('ada', 'ben');
    const { body } = await send(ada, { handle: ben?.handle, message: '1' });
    expect(await markRead(ben, body.message_group_uuid, seq)).toMatchObject({
      status: 422,
      body: ['seq_invalid'],
    });
  });
});

describe('an inbox', () => {
  it('shows conversations newest first, with previews, current names and unread counts', async () => {
    const [ada, ben, cleo] = await people('ada', 'ben', 'cleo');
    const direct = (await send(ben, { handle: ada?.handle, message: 'x'.repeat(300) })).body;
    const group = (await create(ada, { title: 'Talk', handles: [cleo?.handle] })).body;
    await api.put('/api/profile/update', { as: ben, body: { display_name: 'Benjamin' } });
    const inbox = await api.get('/api/message_groups', { as: ada });
    const untouched = { muted: false, hidden: false, settings_version: 0 };
    expect(inbox.status).toBe(200);
    expect(inbox.body).toEqual([
      {
        uuid: group.uuid,
        kind: 'group',
        display_name: 'Talk',
        handle: null,
        user_uuid: null,
        tone: null,
        message: 'Ada created the group “Talk”',
        sender_uuid: ada?.uuid,
        sender_display_name: 'Ada',
        created_at: expect.any(String),
        last_seq: 1,
        unread_count: 0,
        read_seq: 1,
        ...untouched,
      },
      {
        uuid: direct.message_group_uuid,
        kind: 'direct',
        display_name: 'Benjamin',
        handle: ben?.handle,
        user_uuid: ben?.uuid,
        tone: ben?.tone,
        message: 'x'.repeat(200),
        sender_uuid: ben?.uuid,
        sender_display_name: 'Benjamin',
        created_at: direct.created_at,
        last_seq: 1,
        unread_count: 1,
        read_seq: 0,
        ...untouched,
      },
    ]);
    expect(inbox.headers.get('Parley-Unread-Conversations')).toBe('1');
  });

  it('shows a new name within 5 s, also on another node', async () => {
    const [ada, ben] = await people('ada', 'ben');
    await send(ben, { handle: ada?.handle, message: 'hello' });
    const second = await world.node();
    const name = async () => (await second.get('/api/message_groups', { as: ada })).body[0].display_name;
    expect(await name()).toBe('Ben');
    await api.put('/api/profile/update', { as: ben, body: { display_name: 'Benjamin' } });
    const changedAt = performance.now();
    while ((await name()) !== 'Benjamin') {
      if (performance.now() - changedAt > 5_000) throw new Error('the old name is still shown');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it('pages without a gap or a repeat, and counts the unread on the first page only', async () => {
    const [ada] = await people('ada');
    const others = await people(...Array.from({ length: 7 }, (_, index) => `friend${index}`));
    for (const other of others) await send(other, { handle: ada?.handle, message: 'hello' });
    const pages = [await api.get('/api/message_groups?limit=3', { as: ada })];
    for (let next = nextOf(pages[0] as Reply); next; next = nextOf(pages.at(-1) as Reply)) {
      pages.push(await api.get(next, { as: ada }));
    }
    expect(pages.map(({ body }) => body.length)).toEqual([3, 3, 1]);
    const handles = pages.flatMap(({ body }) => body.map(({ handle }: { handle: string }) => handle));
    expect(handles).toEqual(others.map(({ handle }) => handle).reverse());
    expect(pages.map(({ headers }) => headers.get('Parley-Unread-Conversations'))).toEqual(['7', null, null]);
  });

  it('counts up to 99 conversations with something unread', async () => {
    const [ada] = await people('ada');
    const count = async (unread: number) => {
      await Promise.all(Array.from({ length: unread }, () => world.table.doc.send(unreadSummary(ada))));
      const { headers } = await api.get('/api/message_groups?limit=1', { as: ada });
      return headers.get('Parley-Unread-Conversations');
    };
    expect(await count(99)).toBe('99');
    expect(await count(1)).toBe('99+');
    expect(await count(5)).toBe('99+');
  });

  it('is empty for a person without conversations', async () => {
    const [ada] = await people('ada');
    const inbox = await api.get('/api/message_groups', { as: ada });
    expect(inbox).toMatchObject({ status: 200, body: [] });
    expect(inbox.headers.get('Parley-Unread-Conversations')).toBe('0');
  });

  it('refuses a cursor of another person or list, an invalid limit, and a request without a token', async () => {
    const [ada, ben, cleo] = await people('ada', 'ben', 'cleo');
    for (const other of [ben, cleo]) await send(other, { handle: ada?.handle, message: 'hello' });
    const next = nextOf(await api.get('/api/message_groups?limit=1', { as: ada })) ?? '';
    const cursor = new URL(next, api.url).searchParams.get('cursor');
    const wrong: [string, TestPerson | undefined, string][] = [
      [next, ben, 'cursor_invalid'],
      [`/api/users?cursor=${cursor}`, ada, 'cursor_invalid'],
      ['/api/message_groups?cursor=nonsense', ada, 'cursor_invalid'],
      ['/api/message_groups?limit=1000', ada, 'query_invalid'],
    ];
    for (const [path, as, code] of wrong)
      expect(await api.get(path, { as })).toMatchObject({ status: 400, body: [code] });
    expect((await api.get('/api/message_groups')).status).toBe(401);
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { conversationUuid } from '@parley/core/conversations/uuids';
import { nextOf, type Reply } from '../testing/client.ts';
import { refusals } from '../testing/refusals.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let [ada, ben, eve]: TestPerson[] = [];
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  [ada, ben, eve] = [
    await world.person('ada', 'Ada'),
    await world.person('ben', 'Ben'),
    await world.person('eve', 'Eve'),
  ];
});
afterAll(() => world.close());

const send = (as: TestPerson | undefined, body: object, key?: string) =>
  api.post('/api/messages', { as, body, ...(key !== undefined && { key }) });
const history = (as: TestPerson | undefined, uuid: string, query = '') =>
  api.get(`/api/messages/${uuid}${query}`, { as });
const seqs = ({ body }: Reply) => body.map(({ seq }: { seq: number }) => seq);

/** A new direct conversation of two new people with this many messages. */
async function conversation(messages: number) {
  const name = randomUUID().slice(0, 8);
  const [one, other] = [await world.person(`one-${name}`), await world.person(`other-${name}`)];
  let uuid = '';
  for (let index = 1; index <= messages; index += 1) {
    const { body } = await send(one, { handle: other.handle, message: `message ${index}` });
    uuid = body.message_group_uuid;
  }
  return { one, other, uuid };
}

describe('sending to a person', () => {
  it('starts their direct conversation and answers the entry', async () => {
    const { status, body } = await send(ada, { handle: 'BEN', message: 'hello' });
    expect(status).toBe(200);
    expect(body).toEqual({
      uuid: expect.any(String),
      seq: 1,
      type: 'message',
      message_group_uuid: conversationUuid(ada?.uuid ?? '', ben?.uuid ?? ''),
      user_uuid: ada?.uuid,
      display_name: 'Ada',
      handle: 'ada',
      tone: ada?.tone,
      message: 'hello',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    const answer = await send(ben, { handle: 'ada', message: 'hi' });
    expect(answer.body).toMatchObject({ seq: 2, message_group_uuid: body.message_group_uuid });
  });

  it('is refused for an unknown handle, oneself, or no handle', async () => {
    expect(await send(ada, { handle: 'nobody', message: 'x' })).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
    expect(await send(ada, { handle: 'nul\0', message: 'x' })).toMatchObject({
      status: 404,
      body: ['user_not_found'],
    });
    expect(await send(ada, { handle: 'ADA', message: 'x' })).toMatchObject({
      status: 422,
      body: ['user_reciever_handle_self'],
    });
    for (const handle of ['', '  ', '\u200b']) {
      expect(await send(ada, { handle, message: 'x' })).toMatchObject({
        status: 422,
        body: ['user_reciever_handle_blank'],
      });
    }
  });

  it('starts one conversation even if first messages race', async () => {
    const [one, other] = [await world.person('race-one'), await world.person('race-two')];
    const replies = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        send(index % 2 ? one : other, { handle: index % 2 ? 'race-two' : 'race-one', message: `${index}` }),
      ),
    );
    expect(replies.map(({ body }) => body.seq).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('sending to a conversation', () => {
  it('appends, and prefers the conversation if a handle is given too', async () => {
    const { one, uuid } = await conversation(1);
    const { status, body } = await send(one, {
      message_group_uuid: uuid.toUpperCase(),
      handle: 'eve',
      message: 'x',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ seq: 2, message_group_uuid: uuid });
  });

  it('is 404 for a stranger, as if there were no conversation', async () => {
    const { uuid } = await conversation(1);
    const replies = [uuid, randomUUID(), conversationUuid(ada?.uuid ?? '', eve?.uuid ?? '')].map((each) =>
      send(eve, { message_group_uuid: each, message: 'let me in' }),
    );
    for (const reply of await Promise.all(replies)) {
      expect(reply).toMatchObject({ status: 404, body: ['message_group_not_found'] });
    }
  });

  it('keeps the text unchanged', async () => {
    const { one, uuid } = await conversation(1);
    const texts = [
      ' leading and trailing \n',
      '👩‍👩‍👧‍👦🏳️‍🌈e\u0301',
      '\u202eright to left\u200f \u2066isolated\u2069',
      "'; DROP TABLE users; --",
      '<script>alert("x")</script>&amp;',
      'a\0b\u0001\u007f\u2028',
      '"\\\\u0041" \\ud800',
      '\u{10ffff}\ufffd\ufffe',
      'x'.repeat(1_024),
      '😀'.repeat(512),
    ];
    for (const message of texts) {
      expect((await send(one, { message_group_uuid: uuid, message })).body.message).toBe(message);
    }
    const { body } = await history(one, uuid);
    expect(body.slice(1).map(({ message }: { message: string }) => message)).toEqual(texts);
  });

  it.each(
    refusals([
      [{}, ['message_blank', 'message_group_uuid_blank']],
      [
        { message: null, message_group_uuid: null, handle: null },
        ['message_blank', 'message_group_uuid_blank'],
      ],
      [{ message: 'x' }, ['message_group_uuid_blank']],
      [{ message: 'x', message_group_uuid: ' ' }, ['message_group_uuid_blank']],
      [{ message: 'x', message_group_uuid: 'not a uuid' }, ['message_group_uuid_invalid']],
      [{ message: ' \t\r\n\u00a0\u2003\u3000', handle: 'ben' }, ['message_blank']],
      [{ message: '\u200b\u200d\ufeff\u2060', handle: 'ben' }, ['message_blank']],
      ...['\u2800', '\u0007', '\u001f', '\ufffc', '\0'].map(
        (message) => [{ message, handle: 'ben' }, ['message_blank']] as [unknown, string[]],
      ),
      [{ message: 'x'.repeat(1_025), handle: 'ben' }, ['message_exceed_max_chars_1024']],
      [{ message: '😀'.repeat(513), handle: 'ben' }, ['message_exceed_max_chars_1024']],
      [{ message: '', handle: '' }, ['message_blank', 'user_reciever_handle_blank']],
      [{ message: 'a\ud83d', handle: 'ben' }, ['message_not_well_formed']],
      [{ message: '\ude00\ud83d', handle: 'ben' }, ['message_not_well_formed']],
      [{ message: 5, handle: 'ben' }, ['body_invalid']],
      [{ message: ['x'], handle: 'ben' }, ['body_invalid']],
      [{ message: { $ne: null }, handle: 'ben' }, ['body_invalid']],
      [{ message: 'x', handle: ['ben'] }, ['body_invalid']],
      [{ message: 'x', message_group_uuid: 5 }, ['body_invalid', 'message_group_uuid_blank']],
      [{ message: 'x', handle: 'ben', known_seq: -1 }, ['known_seq_invalid']],
      [{ message: 'x', handle: 'ben', known_seq: 1.5 }, ['known_seq_invalid']],
      [{ message: 'x', handle: 'ben', known_seq: '1' }, ['known_seq_invalid']],
      [{ message: 'x', handle: 'ben', known_seq: 1e15 }, ['known_seq_invalid']],
      [[{ message: 'x', handle: 'ben' }], ['body_invalid']],
      ['x', ['body_invalid']],
      [null, ['body_invalid']],
      [true, ['body_invalid']],
    ]),
  )('refuses %s', async (_title, body, codes) => {
    expect(await api.post('/api/messages', { as: ada, body })).toMatchObject({ status: 422, body: codes });
  });

  it('takes the sender from the token, whatever the body says', async () => {
    const { one, other, uuid } = await conversation(1);
    const forged = {
      user_uuid: other.uuid,
      user_handle: other.handle,
      sender: other.uuid,
      seq: 99,
      type: 'group_created',
    };
    const { body } = await send(one, { message_group_uuid: uuid, message: 'mine', ...forged });
    expect(body).toMatchObject({ user_uuid: one.uuid, handle: one.handle, seq: 2, type: 'message' });
  });

  it('needs a token', async () => {
    const { uuid } = await conversation(1);
    expect(await send(undefined, { message_group_uuid: uuid, message: 'x' })).toMatchObject({
      status: 401,
      body: ['generic_401'],
    });
  });
});

describe('a send with an idempotency key', () => {
  it('answers the first entry again, on this node and on another, with and without known_seq', async () => {
    const { one, other, uuid } = await conversation(3);
    const second = await world.node();
    const body = { message_group_uuid: uuid, message: 'once', known_seq: 3 };
    const first = await send(one, body, 'key-1');
    await send(other, { message_group_uuid: uuid, message: 'in between' });
    const repeats = await Promise.all([
      send(one, body, 'key-1'),
      second.post('/api/messages', { as: one, body, key: 'key-1' }),
      second.post('/api/messages', { as: one, body: { ...body, known_seq: undefined }, key: 'key-1' }),
      send(one, { ...body, known_seq: null }, 'key-1'),
    ]);
    for (const repeat of repeats) expect(repeat).toMatchObject({ status: 200, body: first.body });
    expect(seqs(await history(one, uuid))).toEqual([1, 2, 3, 4, 5]);
  });

  it('answers the first entry if it started the conversation', async () => {
    const [one] = [await world.person('starter'), await world.person('started')];
    const first = await send(one, { handle: 'started', message: 'once' }, 'k');
    const repeat = await send(one, { handle: 'started', message: 'once' }, 'k');
    expect(repeat.body).toEqual(first.body);
  });

  it('refuses the key for another text, but not for another sender or conversation', async () => {
    const { one, other, uuid } = await conversation(1);
    await send(one, { message_group_uuid: uuid, message: 'this' }, 'key');
    expect(await send(one, { message_group_uuid: uuid, message: 'that' }, 'key')).toMatchObject({
      status: 409,
      body: ['idempotency_conflict'],
    });
    expect((await send(other, { message_group_uuid: uuid, message: 'that' }, 'key')).body.seq).toBe(3);
    expect((await send(one, { handle: 'eve', message: 'that' }, 'key')).body.seq).toBe(1);
  });

  it('is not assumed: two sends without a key make two entries', async () => {
    const { one, uuid } = await conversation(1);
    await send(one, { message_group_uuid: uuid, message: 'same' });
    expect((await send(one, { message_group_uuid: uuid, message: 'same' })).body.seq).toBe(3);
  });

  it.each(['', 'x'.repeat(129), 'caf\u00e9', 'tab\there'])('refuses the key %j', async (key) => {
    expect(await send(ada, { handle: 'ben', message: 'x' }, key)).toMatchObject({
      status: 422,
      body: ['idempotency_key_invalid'],
    });
  });

  it('accepts a key of 128 printable characters', async () => {
    expect((await send(ada, { handle: 'ben', message: 'x' }, `~ !"${'k'.repeat(124)}`)).status).toBe(200);
  });
});

describe('a history', () => {
  it('shows the newest page, oldest entry first, and links to older ones', async () => {
    const { one, uuid } = await conversation(25);
    const newest = await history(one, uuid);
    expect(seqs(newest)).toEqual(Array.from({ length: 20 }, (_, index) => index + 6));
    const older = await api.get(nextOf(newest) ?? '', { as: one });
    expect(seqs(older)).toEqual([1, 2, 3, 4, 5]);
    expect(nextOf(older)).toBeUndefined();
  });

  it('continues after a sequence number, and between two', async () => {
    const { other, uuid } = await conversation(7);
    const first = await history(other, uuid, '?after_seq=2&limit=3');
    expect(seqs(first)).toEqual([3, 4, 5]);
    const second = await api.get(nextOf(first) ?? '', { as: other });
    expect(seqs(second)).toEqual([6, 7]);
    expect(nextOf(second)).toBeUndefined();
    expect(seqs(await history(other, uuid, '?after_seq=0'))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const between = await history(other, uuid, '?after_seq=1&before_seq=5&limit=2');
    expect(seqs(between)).toEqual([2, 3]);
    expect(seqs(await api.get(nextOf(between) ?? '', { as: other }))).toEqual([4]);
    for (const query of ['?after_seq=7', '?after_seq=999999999999', '?before_seq=1', '?before_seq=0']) {
      const empty = await history(other, uuid, query);
      expect(empty.body).toEqual([]);
      expect(nextOf(empty)).toBeUndefined();
    }
  });

  it('shows current names, within 5 s also on another node', async () => {
    const { one, other, uuid } = await conversation(2);
    const second = await world.node();
    const names = async (node: typeof api) =>
      (await node.get(`/api/messages/${uuid}`, { as: other })).body.map(
        ({ display_name }: { display_name: string }) => display_name,
      );
    expect(await names(second)).toEqual([one.handle, one.handle]);
    await api.put('/api/profile/update', { as: one, body: { display_name: 'Renamed 🎉' } });
    expect(await names(api)).toEqual(['Renamed 🎉', 'Renamed 🎉']);
    const changedAt = performance.now();
    while ((await names(second))[0] !== 'Renamed 🎉') {
      if (performance.now() - changedAt > 5_000) throw new Error('the old name is still shown');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it('is 404 for a stranger, as if it did not exist', async () => {
    const { uuid } = await conversation(1);
    for (const each of [uuid, randomUUID()]) {
      for (const query of ['', '?before_seq=5', '?after_seq=0']) {
        expect(await history(eve, each, query)).toMatchObject({
          status: 404,
          body: ['message_group_not_found'],
        });
      }
    }
  });

  it('needs a token, a uuid and valid numbers', async () => {
    const { one, uuid } = await conversation(1);
    expect(await history(undefined, uuid)).toMatchObject({ status: 401, body: ['generic_401'] });
    for (const path of ['x', '1234', `${uuid}0`, '%00', "'"]) {
      expect(await history(one, path)).toMatchObject({ status: 400, body: ['path_invalid'] });
    }
    for (const query of [
      '?limit=101',
      '?before_seq=x',
      '?after_seq=-1',
      '?after_seq=1e3',
      '?before_seq=1000000000000',
    ]) {
      expect(await history(one, uuid, query)).toMatchObject({ status: 400, body: ['query_invalid'] });
    }
    expect((await history(one, uuid.toUpperCase())).status).toBe(200);
  });
});

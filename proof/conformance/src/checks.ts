import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ask, connect, eventually, type Json, type Person } from './client.ts';

export type Scene = {
  base: string;
  /** Three people who can be made to talk. */
  people: [Person, Person, Person];
  /** A group of the first two, made for this run. */
  uuid: string;
};
type Check = { name: string; run: (scene: Scene) => Promise<void> };

const text = (of: string) => `conformance: ${of} ${randomUUID().slice(0, 8)}`;
const entriesOf = async (person: Person, uuid: string, query = '?limit=100'): Promise<Json[]> =>
  (await person.get(`/api/messages/${uuid}${query}`)).body;
const row = async (person: Person, uuid: string): Promise<Json> =>
  (await person.get('/api/message_groups?limit=100')).body.find((each: Json) => each.uuid === uuid);
const answers = ({ status, body }: { status: number; body: Json }, expected: number, code?: string) => {
  assert.equal(status, expected, `answered ${status} ${JSON.stringify(body)}`);
  if (code) assert.deepEqual(body, [code]);
};

/** What a deployment of Parley does, seen from outside. Each check stands alone and leaves the others' messages be. */
export const checks: Check[] = [
  {
    name: 'answers its health check, and says whether it is ready, to anybody',
    async run({ base }) {
      assert.deepEqual((await ask(base, 'GET', '/api/health-check')).body, { success: true, ver: 1 });
      answers(await ask(base, 'GET', '/api/ready'), 200);
    },
  },
  {
    name: 'refuses who brings no token, or a made-up one',
    async run({ base }) {
      for (const options of [{}, { token: 'made.up.token' }])
        for (const path of ['/api/profile', '/api/message_groups', `/api/messages/${randomUUID()}`])
          answers(await ask(base, 'GET', path, options), 401, 'generic_401');
    },
  },
  {
    name: 'says without a token which handles are free, and finds people whatever the normal form of their name',
    async run({ base, people: [one, other] }) {
      const isFree = async (handle: string) =>
        (await ask(base, 'GET', `/api/handles/${encodeURIComponent(handle)}`)).body.available;
      assert.equal(await isFree(one.handle.toUpperCase()), false);
      assert.equal(await isFree(`c${randomUUID().slice(0, 8)}`), true);
      for (const handle of ['_', 'deleted-x', 'a b', '\u202e']) assert.equal(await isFree(handle), false);
      assert.deepEqual((await one.get('/api/users')).body, []);
      const found = (await one.get(`/api/users?search=${other.handle.normalize('NFD').toUpperCase()}`)).body;
      assert.ok(found.some(({ uuid }: Json) => uuid === other.uuid));
    },
  },
  {
    name: 'refuses what cannot be seen, and names and titles that turn the text beside them',
    async run({ people: [one], uuid }) {
      for (const message of ['\u2800', '\u0007', '\ufffc', '\u0000'])
        answers(await one.send({ message_group_uuid: uuid }, message), 422, 'message_blank');
      const rename = (title: string) => one.put(`/api/message_groups/${uuid}`, { title });
      answers(await rename('\u2800'), 422, 'title_blank');
      for (const title of ['a\u202eb', 'a\nb', 'a\u001bb', 'a\u2066b'])
        answers(await rename(title), 422, 'text_not_well_formed');
    },
  },
  {
    name: 'keeps a message once, however often it is sent with one key, and refuses the key for another text',
    async run({ people: [one], uuid }) {
      const [key, message] = [randomUUID(), text('once')];
      const target = { message_group_uuid: uuid };
      const replies = await Promise.all(Array.from({ length: 5 }, () => one.send(target, message, key)));
      for (const reply of replies) answers(reply, 200);
      assert.equal(
        new Set(replies.map(({ body }) => `${body.seq} ${body.uuid}`)).size,
        1,
        'several entries for one key',
      );
      const found = (await entriesOf(one, uuid)).filter((entry) => entry.message === message);
      assert.equal(found.length, 1);
      answers(await one.send(target, text('other'), key), 409, 'idempotency_conflict');
    },
  },
  {
    name: 'numbers the entries of a conversation without a hole, in the order of their times, whoever writes at once',
    async run({ people: [one, other], uuid }) {
      const before = (await entriesOf(one, uuid, '?limit=1')).at(-1)?.seq ?? 0;
      const sends = Array.from({ length: 24 }, (_, index) =>
        (index % 2 ? one : other).send({ message_group_uuid: uuid }, text('at once')),
      );
      for (const reply of await Promise.all(sends)) answers(reply, 200);
      const entries = await entriesOf(one, uuid, `?limit=100&after_seq=${before}`);
      assert.deepEqual(
        entries.map(({ seq }) => seq),
        entries.map((_, index) => before + 1 + index),
      );
      const times = entries.map(({ created_at }) => created_at);
      assert.deepEqual(times, times.toSorted());
    },
  },
  {
    name: 'pages a history without losing or repeating an entry',
    async run({ people: [one], uuid }) {
      const all = await entriesOf(one, uuid);
      const paged: Json[] = [];
      let path: string | undefined = `/api/messages/${uuid}?limit=7`;
      while (path) {
        const { body, headers } = await one.get(path);
        paged.unshift(...body);
        path = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      }
      assert.deepEqual(paged.slice(-all.length), all);
    },
  },
  {
    name: 'hides a conversation from a stranger as if it were not there',
    async run({ people: [, , stranger], uuid }) {
      for (const each of [uuid, randomUUID()]) {
        answers(await stranger.get(`/api/messages/${each}`), 404, 'message_group_not_found');
        answers(await stranger.get(`/api/message_groups/${each}`), 404, 'message_group_not_found');
        answers(
          await stranger.send({ message_group_uuid: each }, text('stranger')),
          404,
          'message_group_not_found',
        );
      }
    },
  },
  {
    name: 'refuses a blank message, and one that is longer than it says',
    async run({ base, people: [one], uuid }) {
      const { limits } = (await ask(base, 'GET', '/api/client-config')).body;
      const longest = limits.message_max_chars;
      const target = { message_group_uuid: uuid };
      answers(await one.send(target, ' \n'), 422, 'message_blank');
      answers(await one.send(target, 'x'.repeat(longest + 1)), 422, `message_exceed_max_chars_${longest}`);
      answers(await one.send(target, 'x'.repeat(longest)), 200);
    },
  },
  {
    name: 'counts what is unread exactly, and a read position moves forward only',
    async run({ people: [one, other], uuid }) {
      const newest = async () => (await entriesOf(other, uuid, '?limit=1')).at(-1).seq;
      await other.put(`/api/message_groups/${uuid}/read`, { seq: await newest() });
      const sent: number[] = [];
      for (let index = 0; index < 3; index += 1)
        sent.push((await one.send({ message_group_uuid: uuid }, text('unread'))).body.seq);
      await eventually(async () => {
        const { unread_count, last_seq } = await row(other, uuid);
        assert.deepEqual([unread_count, last_seq], [3, sent.at(-1)]);
      });
      const read = async (seq: number) => (await other.put(`/api/message_groups/${uuid}/read`, { seq })).body;
      assert.deepEqual(await read(sent[1] ?? 0), { read_seq: sent[1], unread_count: 1 });
      assert.equal((await read(sent[0] ?? 0)).read_seq, sent[1]);
      await eventually(async () => assert.equal((await row(other, uuid)).unread_count, 1));
    },
  },
  {
    name: 'lets an admin add and remove, at once, and nobody else',
    async run({ people: [admin, member, third], uuid }) {
      const path = `/api/message_groups/${uuid}/members`;
      answers(await member.post(path, { handle: third.handle }), 403, 'generic_403');
      answers(await admin.post(path, { handle: third.handle }), 200);
      answers(await third.get(`/api/messages/${uuid}`), 200);
      answers(await admin.delete(`${path}/${third.handle}`), 200);
      answers(await third.get(`/api/messages/${uuid}`), 404);
      answers(await third.send({ message_group_uuid: uuid }, text('removed')), 404);
    },
  },
  {
    name: 'answers nothing on a socket before it has authenticated',
    async run({ base, uuid }) {
      const socket = await connect(base);
      const { success, error } = await socket.request('typing', { message_group_uuid: uuid });
      socket.close();
      assert.deepEqual([success, error?.code], [false, 'generic_401']);
    },
  },
  {
    name: 'brings messages to the sockets of all members and devices, in order, none missing',
    async run({ people: [one, other], uuid }) {
      const sockets = await Promise.all([one.connect(), other.connect(), other.connect()]);
      const run = text('live');
      for (let index = 0; index < 10; index += 1)
        answers(await one.send({ message_group_uuid: uuid }, `${run} ${index}`), 200);
      for (const socket of sockets) {
        const heard = await socket.event('message.created', ({ message }) => message.startsWith(run), 10);
        const seqs = [...new Set(heard.map(({ data }) => data.seq))];
        assert.deepEqual(
          seqs,
          seqs.toSorted((a, b) => a - b),
        );
        assert.equal(seqs.length, 10);
        socket.close();
      }
    },
  },
  {
    name: 'takes one key over a socket and over HTTP for one message',
    async run({ people: [one], uuid }) {
      const socket = await one.connect();
      const [message, idempotency_key] = [text('both ways'), randomUUID()];
      const { data } = await socket.request('message.send', {
        message_group_uuid: uuid,
        message,
        idempotency_key,
      });
      socket.close();
      const { body } = await one.send({ message_group_uuid: uuid }, message, idempotency_key);
      assert.deepEqual([body.uuid, body.seq], [data.uuid, data.seq]);
    },
  },
  {
    name: 'tells who has read, and brings a removed member nothing more',
    async run({ people: [admin, member, third], uuid }) {
      const path = `/api/message_groups/${uuid}/members`;
      const { body: grown } = await admin.post(path, { handle: third.handle });
      const joined = grown.members.find((member: Json) => member.uuid === third.uuid);
      assert.equal(joined.read_seq, null, 'who has only joined has read nothing');
      const [watching, leaving] = await Promise.all([admin.connect(), third.connect()]);
      const { body } = await admin.send({ message_group_uuid: uuid }, text('read this'));
      await leaving.event('message.created', ({ seq }) => seq === body.seq);
      await member.put(`/api/message_groups/${uuid}/read`, { seq: body.seq });
      await watching.event(
        'message_group.read',
        ({ user_uuid, read_seq }) => user_uuid === member.uuid && read_seq === body.seq,
      );
      await admin.delete(`${path}/${third.handle}`);
      await leaving.event(
        'membership',
        ({ user_uuid, change }) => user_uuid === third.uuid && change === 'removed',
      );
      const { body: after } = await admin.send({ message_group_uuid: uuid }, text('not for the third'));
      await watching.event('message.created', ({ seq }) => seq === after.seq);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.equal(leaving.frames.filter(({ data }) => data?.seq === after.seq && data.message).length, 0);
      for (const socket of [watching, leaving]) socket.close();
    },
  },
];

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ApiError } from '@parley/client/api/errors';
import type { Entry } from '@parley/client/api/types';
import { eventually, firstAnswer, get, type Person } from './client.ts';

export type Scene = {
  base: string;
  /** Three people who act as the checks say. */
  people: [Person, Person, Person];
  /** A group of the first two, created for this run. */
  uuid: string;
};
type Check = { name: string; run: (scene: Scene) => Promise<void> };

const text = (of: string) => `conformance: ${of} ${randomUUID().slice(0, 8)}`;

/** Fails unless the request is refused with this status, and with this code alone if one is given. */
async function refuses(request: Promise<unknown>, status: number, code?: string) {
  const error = await request.then(
    (answer) => new Error(`answered 200 ${JSON.stringify(answer)}, not ${status}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError) || error.status !== status) throw error;
  if (code) assert.equal(error.codes.join(), code);
}

/** The documented behavior of a deployment. The checks do not depend on each other. */
export const checks: Check[] = [
  {
    name: 'answers health and readiness checks without a token',
    async run({ base }) {
      assert.deepEqual((await get(base, '/api/health-check')).body, { success: true, ver: 1 });
      assert.equal((await get(base, '/api/ready')).status, 200);
    },
  },
  {
    name: 'refuses requests without a token and with an invalid one',
    async run({ base }) {
      for (const token of [undefined, 'made.up.token'])
        for (const path of ['/api/profile', '/api/message_groups', `/api/messages/${randomUUID()}`])
          assert.deepEqual(await get(base, path, token), { status: 401, body: ['generic_401'] });
    },
  },
  {
    name: 'tells without a token whether a handle is free, and finds people by any Unicode form of their handle',
    async run({ base, people: [one, other] }) {
      const isFree = async (handle: string) =>
        (await get(base, `/api/handles/${encodeURIComponent(handle)}`)).body.available;
      assert.equal(await isFree(one.handle.toUpperCase()), false);
      assert.equal(await isFree(`c${randomUUID().slice(0, 8)}`), true);
      for (const handle of ['_', 'deleted-x', 'a b', '\u202e']) assert.equal(await isFree(handle), false);
      assert.equal((await one.api.searchPeople('')).length, 0);
      const found = await one.api.searchPeople(other.handle.normalize('NFD').toUpperCase());
      assert.ok(found.some(({ uuid }) => uuid === other.uuid));
    },
  },
  {
    name: 'refuses invisible messages, and titles with control or direction characters',
    async run({ people: [one], uuid }) {
      for (const message of ['\u2800', '\u0007', '\ufffc', '\u0000'])
        await refuses(one.send({ message_group_uuid: uuid }, message), 422, 'message_blank');
      await refuses(one.api.rename(uuid, '\u2800'), 422, 'title_blank');
      for (const title of ['a\u202eb', 'a\nb', 'a\u001bb', 'a\u2066b'])
        await refuses(one.api.rename(uuid, title), 422, 'text_not_well_formed');
    },
  },
  {
    name: 'stores a message once if it is sent repeatedly with one key, and refuses the key for another text',
    async run({ people: [one], uuid }) {
      const [key, message] = [randomUUID(), text('once')];
      const target = { message_group_uuid: uuid };
      const replies = await Promise.all(Array.from({ length: 5 }, () => one.send(target, message, key)));
      const places = new Set(replies.map(({ seq, uuid }) => `${seq} ${uuid}`));
      assert.equal(places.size, 1, 'several entries for one key');
      const found = (await one.entries(uuid)).filter((entry) => entry.message === message);
      assert.equal(found.length, 1);
      await refuses(one.send(target, text('other'), key), 409, 'idempotency_conflict');
    },
  },
  {
    name: 'numbers the entries of a conversation without gaps, in the order of their times, under concurrent sends',
    async run({ people: [one, other], uuid }) {
      const before = await one.newestSeq(uuid);
      const sends = Array.from({ length: 24 }, (_, index) =>
        (index % 2 ? one : other).send({ message_group_uuid: uuid }, text('at once')),
      );
      await Promise.all(sends);
      const entries = await one.entries(uuid, before);
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
      const all = await one.entries(uuid);
      const paged: Entry[] = [];
      let path: string | undefined = `/api/messages/${uuid}?limit=7`;
      while (path) {
        const { rows, next } = await one.page(path);
        paged.unshift(...rows);
        path = next;
      }
      assert.deepEqual(paged.slice(-all.length), [...all]);
    },
  },
  {
    name: 'answers a stranger as if the conversation did not exist',
    async run({ people: [, , stranger], uuid }) {
      for (const each of [uuid, randomUUID()]) {
        await refuses(stranger.entries(each), 404, 'message_group_not_found');
        await refuses(stranger.api.group(each), 404, 'message_group_not_found');
        const sending = stranger.send({ message_group_uuid: each }, text('stranger'));
        await refuses(sending, 404, 'message_group_not_found');
      }
    },
  },
  {
    name: 'refuses a blank message, and one that is longer than the configured limit',
    async run({ base, people: [one], uuid }) {
      const longest = (await get(base, '/api/client-config')).body.limits.message_max_chars;
      const target = { message_group_uuid: uuid };
      await refuses(one.send(target, ' \n'), 422, 'message_blank');
      await refuses(one.send(target, 'x'.repeat(longest + 1)), 422, `message_exceed_max_chars_${longest}`);
      await one.send(target, 'x'.repeat(longest));
    },
  },
  {
    name: 'counts unread messages exactly, and moves a read position only forward',
    async run({ people: [one, other], uuid }) {
      await other.api.markRead(uuid, await other.newestSeq(uuid));
      const sent: number[] = [];
      for (let index = 0; index < 3; index += 1)
        sent.push((await one.send({ message_group_uuid: uuid }, text('unread'))).seq);
      await eventually(async () => {
        const { unread_count, last_seq } = await other.row(uuid);
        assert.deepEqual([unread_count, last_seq], [3, sent.at(-1)]);
      });
      const [first = 0, second = 0] = sent;
      const { read_seq, unread_count } = await other.api.markRead(uuid, second);
      assert.deepEqual([read_seq, unread_count], [second, 1]);
      assert.equal((await other.api.markRead(uuid, first)).read_seq, second);
      await eventually(async () => assert.equal((await other.row(uuid)).unread_count, 1));
    },
  },
  {
    name: 'lets only an admin add and remove members, with immediate effect',
    async run({ people: [admin, member, third], uuid }) {
      await refuses(member.api.addMember(uuid, third.handle), 403, 'generic_403');
      await admin.api.addMember(uuid, third.handle);
      await third.entries(uuid);
      await admin.api.removeMember(uuid, third.handle);
      await refuses(third.entries(uuid), 404);
      await refuses(third.send({ message_group_uuid: uuid }, text('removed')), 404);
    },
  },
  {
    name: 'refuses actions on a socket that has not authenticated',
    async run({ base, uuid }) {
      const { success, error } = await firstAnswer(base, 'typing', { message_group_uuid: uuid });
      assert.deepEqual([success, error?.code], [false, 'generic_401']);
    },
  },
  {
    name: 'delivers every message, in order, to the sockets of all members and devices',
    async run({ people: [one, other], uuid }) {
      const sockets = await Promise.all([one.listen(), other.listen(), other.listen()]);
      const run = text('live');
      for (let index = 0; index < 10; index += 1)
        await one.send({ message_group_uuid: uuid }, `${run} ${index}`);
      for (const socket of sockets) {
        const received = await socket.event('message.created', ({ message }) => message.startsWith(run), 10);
        const seqs = [...new Set(received.map(({ seq }) => seq))];
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
    name: 'stores a message once if it is sent over a socket and over HTTP with one key',
    async run({ people: [one], uuid }) {
      const socket = await one.listen();
      const [message, idempotency_key] = [text('both ways'), randomUUID()];
      const payload = { message_group_uuid: uuid, message, idempotency_key };
      const first = (await socket.request('message.send', payload)) as Entry;
      socket.close();
      const second = await one.send({ message_group_uuid: uuid }, message, idempotency_key);
      assert.deepEqual([second.uuid, second.seq], [first.uuid, first.seq]);
    },
  },
  {
    name: 'publishes read positions, and delivers no more messages to a removed member',
    async run({ people: [admin, member, third], uuid }) {
      const { members } = await admin.api.addMember(uuid, third.handle);
      const joined = members.find((each) => each.uuid === third.uuid);
      assert.equal(joined?.read_seq, null, 'a new member has a read position');
      const [watching, leaving] = await Promise.all([admin.listen(), third.listen()]);
      const sent = await admin.send({ message_group_uuid: uuid }, text('read this'));
      await leaving.event('message.created', ({ seq }) => seq === sent.seq);
      await member.api.markRead(uuid, sent.seq);
      await watching.event(
        'message_group.read',
        ({ user_uuid, read_seq }) => user_uuid === member.uuid && read_seq === sent.seq,
      );
      await admin.api.removeMember(uuid, third.handle);
      await leaving.event(
        'membership',
        ({ user_uuid, change }) => user_uuid === third.uuid && change === 'removed',
      );
      const after = await admin.send({ message_group_uuid: uuid }, text('not for the third'));
      await watching.event('message.created', ({ seq }) => seq === after.seq);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const late = leaving.events.filter(({ data }) => 'seq' in data && data.seq === after.seq);
      assert.deepEqual(late, []);
      for (const socket of [watching, leaving]) socket.close();
    },
  },
];

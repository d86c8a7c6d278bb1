import { expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import type { Entry, Group } from '../api/types.ts';
import { createConversations } from './conversations.ts';
import { createOpening } from './opening.ts';
import { createPeople } from './people.ts';

const entry = (seq: number) => ({ uuid: `m-${seq}`, seq, message_group_uuid: 'g' }) as Entry;
const group = (part: Partial<Group> = {}) =>
  ({
    uuid: 'g',
    title: 'old',
    last_seq: 100,
    read_seq: 100,
    unread_count: 0,
    members: [{ uuid: 'ben', handle: 'ben', display_name: 'Ben' }],
    ...part,
  }) as Group;

type Call = {
  name: string;
  range: object | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
};

/** A server whose answers the test controls. */
function world() {
  const calls: Call[] = [];
  const ask = (name: string, range?: object) =>
    new Promise<never>((resolve, reject) =>
      calls.push({ name, range, resolve: resolve as Call['resolve'], reject }),
    );
  const conversations = createConversations(() => {});
  const people = createPeople();
  const caughtUp: string[] = [];
  const opening = createOpening({
    api: { group: () => ask('group'), entries: (_, range) => ask('entries', range) },
    ...{ conversations, people },
    catchUp: async (uuid) => void caughtUp.push(uuid),
  });
  const next = () => {
    const call = calls.shift();
    if (!call) throw new Error('nothing was asked');
    return call;
  };
  /** Answers the next request and lets the client continue. */
  const answer = async (value: unknown) => {
    next().resolve(value);
    await turn();
  };
  return {
    calls,
    next,
    answer,
    conversations,
    people,
    opening,
    caughtUp,
    shown: () => conversations.get('g'),
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const missing = new ApiError(404, ['message_group_not_found']);

test('opens at the newest page if little is unread, and catches up', async () => {
  const { opening, next, answer, shown, people, caughtUp } = world();
  const opened = opening.open('g', undefined);
  expect(shown()?.status).toBe('loading');
  await answer(group({ unread_count: 25, read_seq: 75 }));
  const { range, resolve } = next();
  expect(range).toEqual({ limit: 50 });
  resolve([entry(99), entry(100)]);
  await opened;
  expect(shown()).toMatchObject({
    status: 'ready',
    newAfter: 75,
    group: { title: 'old' },
    history: { newest: 100 },
  });
  expect([people.get('ben')?.display_name, caughtUp]).toEqual(['Ben', ['g']]);
});

test.each([
  ['far in the log', 40, { after: 25, limit: 100 }],
  ['near its beginning', 3, { after: 0, limit: 100 }],
])('opens at the first unread entry if much is unread, with context: %s', async (_, read_seq, range) => {
  const { opening, answer, calls, shown } = world();
  void opening.open('g', undefined);
  await answer(group({ unread_count: 26, read_seq }));
  expect(calls[0]?.range).toEqual(range);
  await answer([entry(26)]);
  expect(shown()).toMatchObject({ newAfter: read_seq, history: { newest: 100 } });
});

test('a conversation that is already open only reads its group and catches up, with the unread line from the row', async () => {
  const { opening, answer, calls, shown, caughtUp, conversations } = world();
  void opening.open('g', undefined);
  await answer(group());
  await answer([entry(100)]);
  for (let other = 0; other < 7; other += 1) conversations.begin(`other-${other}`);
  await opening.open('g', { unread_count: 2, read_seq: 98 });
  expect(calls.map(({ name }) => name)).toEqual(['group']);
  expect([shown()?.newAfter, caughtUp]).toEqual([98, ['g', 'g']]);
  // It counts as opened last, so the next one drops another.
  conversations.begin('one more');
  expect(shown()?.status).toBe('ready');
});

test.each([
  ['missing', missing],
  ['missing', new ApiError(400, ['message_group_uuid_invalid'])],
  ['failed', new ApiError(503, ['busy'])],
])('a conversation is %s after %p', async (status, error) => {
  const { opening, next, shown } = world();
  const opened = opening.open('g', undefined);
  next().reject(error);
  await opened;
  expect(shown()).toMatchObject({ status, reason: expect.any(String) });
});

test('a change during the load makes it read the group again', async () => {
  const { opening, answer, calls, shown } = world();
  void opening.open('g', undefined);
  await answer(group());
  opening.noteChange('g');
  await answer([entry(100)]);
  expect(calls.map(({ name }) => name)).toEqual(['group']);
  await answer(group({ title: 'new' }));
  expect(shown()?.group?.title).toBe('new');
});

test('an event can change the group while the entries are read', async () => {
  const { opening, answer, conversations, shown } = world();
  void opening.open('g', undefined);
  await answer(group());
  conversations.updateMembers('g', (member) => ({ ...member, read_seq: 7 }));
  await answer([entry(100)]);
  expect(shown()?.group?.members[0]?.read_seq).toBe(7);
});

test('a refused read is repeated if a change arrived during it, and final otherwise', async () => {
  const { opening, next, answer, calls, shown } = world();
  void opening.open('g', undefined);
  opening.noteChange('g');
  next().reject(missing);
  await turn();
  expect(shown()?.status).toBe('loading');
  next().reject(missing);
  await turn();
  expect([shown()?.status, calls.length]).toEqual(['missing', 0]);
  void opening.refreshGroup('g');
  await answer(group());
  expect([shown()?.status, calls[0]?.name]).toEqual(['loading', 'group']);
});

test('reads of a group never overlap, and requests during a read cause one more read', async () => {
  const { opening, answer, calls, conversations, shown } = world();
  conversations.begin('g');
  for (let time = 0; time < 3; time += 1) void opening.refreshGroup('g');
  expect(calls).toHaveLength(1);
  await answer(group());
  expect(calls).toHaveLength(1);
  await answer(group({ title: 'new' }));
  expect([calls.length, shown()?.group?.title]).toEqual([0, 'new']);
  opening.noteChange('g');
  expect(calls).toHaveLength(0);
});

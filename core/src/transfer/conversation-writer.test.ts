import { randomUUID } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import * as arrivals from '../erasure/arrivals.ts';
import * as erasures from '../erasure/erasures.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createHistory } from '../log/fold.ts';
import { createLog } from '../log/log.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { type Key, leftKey, summaryKey } from '../table/keys.ts';
import {
  createGroup,
  endArrival,
  entryItems,
  transact,
  untilDone,
  type WrittenMember,
} from './conversation-writer.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());
afterEach(() => void jest.restoreAllMocks());

const at = '2026-01-01T00:00:00.000Z';
const userUuid = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const entryOf = (uuid: string, seq: number, change: Record<string, unknown> = {}) =>
  ({
    message_group_uuid: uuid,
    seq,
    type: 'message',
    message_uuid: randomUUID(),
    message: `text ${seq}`,
    user_uuid: userUuid(0),
    user_handle: 'ada',
    user_display_name: 'Ada',
    created_at: at,
    message_count: seq - 1,
    ...change,
  }) as Entry;

/** A log whose first entry creates a group of `count` people, with the group and the members to write. */
function roomOf(count: number) {
  const uuid = randomUUID();
  const everybody = Array.from({ length: count }, (_, index) => userUuid(index));
  const log = [
    entryOf(uuid, 1, { type: 'group_created', title: 'tea', members: everybody }),
    entryOf(uuid, 2),
    entryOf(uuid, 3),
  ];
  const history = createHistory(uuid);
  for (const entry of log) history.apply(entry);
  const group: members.Group = {
    message_group_uuid: uuid,
    kind: 'group',
    title: 'tea',
    created_by: userUuid(0),
    created_at: at,
    member_count: count,
    version: 1,
  };
  const people = everybody.map(
    (user_uuid, index): WrittenMember => ({
      member: { user_uuid, role: index === 0 ? 'admin' : 'member', joined_at: at },
      read: { seq: 2, count: 1 },
      ...(index === 0 && { sent: { seq: 3, count: 2 }, settings: { muted: true } }),
    }),
  );
  return { uuid, log, history, group, people };
}

async function itemOf(Key: Key) {
  const { Item } = await table.doc.send(new GetCommand({ TableName: table.name, Key, ConsistentRead: true }));
  return Item;
}
const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    $metadata: {},
    message: 'cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

/** The table, but it counts its transactions and fails those for which `fails` returns true. */
function transacting(
  fails: (transaction: number) => 'before' | 'after' | undefined,
): Table & { sizes: number[] } {
  const sizes: number[] = [];
  const failing = withSend(table, async (command, send) => {
    if (!(command instanceof TransactWriteCommand)) return send(command);
    sizes.push(command.input.TransactItems?.length ?? 0);
    const fate = fails(sizes.length);
    if (fate === 'before') throw new Error('crash');
    const answer = await send(command);
    if (fate === 'after') throw lost();
    return answer;
  });
  return { ...failing, sizes };
}

describe('a step', () => {
  const stepOf = (errors: unknown[]) => {
    const attempts: number[] = [];
    const done = untilDone(async (attempt) => {
      attempts.push(attempt);
      if (attempt <= errors.length) throw errors[attempt - 1];
      return 'done';
    });
    return { done, attempts };
  };

  test('is repeated after a lost answer and after a write that found its items', async () => {
    const { done, attempts } = stepOf([lost(), cancelled('None', 'ConditionalCheckFailed')]);
    expect(await done).toBe('done');
    expect(attempts).toEqual([1, 2, 3]);
  });

  test('is not repeated after an error of the request', async () => {
    for (const error of [new TypeError('a bug'), cancelled('ValidationError')]) {
      const { done, attempts } = stepOf([error]);
      await expect(done).rejects.toBe(error);
      expect(attempts).toEqual([1]);
    }
  });

  test('fails after 12 attempts, with the last error', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const errors = Array.from({ length: 12 }, lost);
    const { done, attempts } = stepOf(errors);
    await expect(done).rejects.toBe(errors[11]);
    expect(attempts).toHaveLength(12);
  });
});

test('entries are written on condition that their numbers are free, all of them or none', async () => {
  const { uuid, log } = roomOf(1);
  await transact(table, entryItems(table, log.slice(1, 2)));
  await expect(transact(table, entryItems(table, log))).rejects.toThrow(TransactionCanceledException);
  expect((await entries.range(table, uuid, { order: 'ascending' })).entries).toEqual(log.slice(1, 2));
});

describe('the creation of a group', () => {
  test('writes members, summaries of the whole log, settings and those who left, and nothing a second time', async () => {
    const { uuid, history, group, people } = roomOf(2);
    history.apply(entryOf(uuid, 4, { type: 'member_removed', members: [userUuid(1)], message_count: 2 }));
    await createGroup(table, history, group, people);
    expect(await members.roster(table, uuid)).toEqual({ group, members: people.map(({ member }) => member) });
    const last = { last_seq: 4, message_count: 2, title: 'tea', read_seq: 2, read_count: 1 };
    expect(await itemOf(summaryKey(userUuid(0), uuid))).toMatchObject({ ...last, sent_seq: 3, muted: true });
    const other = await itemOf(summaryKey(userUuid(1), uuid));
    expect(other).toMatchObject({ ...last, sent_seq: 0 });
    for (const name of ['large', 'muted', 'unopened']) expect(other).not.toHaveProperty(name);
    expect(await itemOf(leftKey(userUuid(1), uuid))).toBeDefined();
    const again = transacting(() => undefined);
    await createGroup(again, history, { ...group, title: 'other' }, people);
    expect([again.sizes, await members.group(table, uuid)]).toEqual([[], group]);
  });

  test('names the other person of a direct conversation', async () => {
    const { uuid, history, group, people } = roomOf(2);
    const other = { uuid: userUuid(1), handle: 'bob', display_name: 'Bob' };
    await createGroup(table, history, { ...group, kind: 'direct' }, [
      ...people.slice(0, 1).map((each) => ({ ...each, other, unopened: true })),
    ]);
    expect(await itemOf(summaryKey(userUuid(0), uuid))).toMatchObject({
      ...{ kind: 'direct', user_uuid: userUuid(1), user_handle: 'bob', user_display_name: 'Bob' },
      unopened: true,
    });
  });

  test.each([
    [50, false],
    [51, true],
  ])('of %i people marks the summaries as those of a large one: %s', async (count, isLarge) => {
    const { uuid, history, group, people } = roomOf(count);
    await createGroup(table, history, group, people);
    expect((await itemOf(summaryKey(userUuid(0), uuid)))?.large === true).toBe(isLarge);
  });

  test('that dies between its transactions creates no group, and is completed by the next run', async () => {
    const { uuid, history, group, people } = roomOf(100);
    const dying = transacting((transaction) => (transaction === 2 ? 'before' : undefined));
    await expect(createGroup(dying, history, group, people)).rejects.toThrow('crash');
    const half = await members.roster(table, uuid);
    expect([half.group, half.members.length]).toEqual([undefined, 48]);
    const next = transacting(() => undefined);
    await createGroup(next, history, group, people);
    expect(next.sizes).toEqual([96, 9]);
    expect(await members.roster(table, uuid)).toEqual({ group, members: people.map(({ member }) => member) });
  });

  test('whose answers are lost is done after a repeat of each', async () => {
    const { uuid, history, group, people } = roomOf(60);
    const lossy = transacting((transaction) => (transaction <= 2 ? 'after' : undefined));
    await untilDone(() => createGroup(lossy, history, group, people));
    expect(lossy.sizes).toEqual([96, 25]);
    expect((await members.roster(table, uuid)).members).toHaveLength(60);
  });

  test('by two at once creates one group', async () => {
    const { uuid, history, group, people } = roomOf(60);
    const create = () => untilDone(() => createGroup(table, history, group, people));
    await Promise.all([create(), create()]);
    expect(await members.roster(table, uuid)).toEqual({ group, members: people.map(({ member }) => member) });
  });

  test('needs a log', async () => {
    const { group, people } = roomOf(1);
    const empty = createHistory(randomUUID());
    await expect(createGroup(table, empty, group, people)).rejects.toThrow('has members but no log');
  });
});

test('the end of an arrival removes people who were erased meanwhile, and takes the conversation off the list', async () => {
  const database = await createTestDatabase();
  try {
    const found = await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'bob' }]);
    const [ada, bob] = [found.get('ada'), found.get('bob')];
    if (!ada || !bob) throw new Error('no people');
    const { uuid, group } = roomOf(2);
    const log = [
      entryOf(uuid, 1, {
        type: 'group_created',
        title: 'tea',
        members: [ada.uuid, bob.uuid],
        user_uuid: ada.uuid,
      }),
      entryOf(uuid, 2, { user_uuid: ada.uuid, message: 'secret' }),
      entryOf(uuid, 3, { user_uuid: bob.uuid, message: 'public' }),
    ];
    const history = createHistory(uuid);
    for (const entry of log) history.apply(entry);
    await arrivals.begin(table, uuid);
    await transact(table, entryItems(table, log));
    const people = [ada, bob].map(
      (each, index): WrittenMember => ({
        member: { user_uuid: each.uuid, role: index === 0 ? 'admin' : 'member', joined_at: at },
        read: { seq: 3, count: 2 },
      }),
    );
    await createGroup(table, history, group, people);
    await erasures.begin(database.pool, ada.uuid);
    for (let run = 0; run < 2; run += 1)
      await endArrival(createLog(table, { batch: 'transactions' }), database.pool, history);
    expect(await arrivals.list(table)).not.toContain(uuid);
    expect((await members.roster(table, uuid)).members).toMatchObject([
      { user_uuid: bob.uuid, role: 'admin' },
    ]);
    const texts = (await entries.range(table, uuid, { from: 2, to: 3, order: 'ascending' })).entries;
    expect(texts.map(({ message }) => message)).toEqual(['', 'public']);
  } finally {
    await database.close();
  }
});

import { randomUUID } from 'node:crypto';
import { BatchWriteCommand, GetCommand, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import * as members from '../log/members.ts';
import { groupKey, type Key, leftKey, summaryKey } from '../table/keys.ts';
import { person } from '../testing/people.ts';
import { create } from './create-group.ts';
import { maxGroupMembers } from './limits.ts';
import { addMembers, removeMember, rename, setRole } from './membership.ts';
import * as messages from './messages.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
beforeAll(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
});
afterAll(() => table.drop());

const [ada, bob, eve, dan] = [person('ada'), person('bob'), person('eve'), person('dan')];

/** A group of Ada, its admin, and Bob. */
let uuid: string;
let byAda: { messageGroupUuid: string; actor: Person };
let byBob: typeof byAda;
beforeEach(async () => {
  const { group } = await create(log, { creator: ada, title: 'tea', people: [bob] });
  uuid = group.message_group_uuid;
  byAda = { messageGroupUuid: uuid, actor: ada };
  byBob = { messageGroupUuid: uuid, actor: bob };
});

async function entriesAfter(seq: number): Promise<Entry[]> {
  return (await entries.range(table, uuid, { from: seq + 1, order: 'ascending' })).entries;
}
async function has(Key: Key) {
  const { Item } = await table.doc.send(new GetCommand({ TableName: table.name, Key, ConsistentRead: true }));
  return Item !== undefined;
}
const rolesOf = async () =>
  Object.fromEntries(
    (await members.roster(table, uuid)).members.map(({ user_uuid, role }) => [user_uuid, role]),
  );
const refusal = (...codes: string[]) => expect.objectContaining({ codes });

describe('a change of a group', () => {
  test('is refused for a member who is not an admin, and for a stranger as if the group did not exist', async () => {
    const changes = (actor: Person) => {
      const about = { messageGroupUuid: uuid, actor };
      return [
        rename(log, { ...about, title: 'coffee' }),
        addMembers(log, { ...about, people: [eve] }),
        removeMember(log, { ...about, person: ada }),
        setRole(log, { ...about, person: bob, role: 'admin' }),
      ];
    };
    for (const change of changes(bob)) await expect(change).rejects.toEqual(refusal('generic_403'));
    for (const change of changes(eve))
      await expect(change).rejects.toEqual(refusal('message_group_not_found'));
    expect(await entriesAfter(1)).toEqual([]);
  });

  test('is refused in a direct conversation', async () => {
    const { message_group_uuid: messageGroupUuid } = await messages.sendDirect(log, {
      sender: ada,
      recipient: bob,
      message: 'hi',
    });
    const change = rename(log, { messageGroupUuid, actor: ada, title: 'two' });
    await expect(change).rejects.toEqual(refusal('direct_conversation'));
  });

  test('writes nothing if it is repeated, and returns the group', async () => {
    const changes = [
      () => rename(log, { ...byAda, title: 'coffee' }),
      () => addMembers(log, { ...byAda, people: [eve, bob] }),
      () => setRole(log, { ...byAda, person: eve, role: 'admin' }),
      () => removeMember(log, { ...byAda, person: bob }),
    ];
    for (const [index, change] of changes.entries()) {
      const changed = await change();
      expect(changed.group).toMatchObject({ title: 'coffee', version: index + 2 });
      expect(await change()).toEqual(await members.roster(table, uuid));
      expect((await members.roster(table, uuid)).group).toEqual(changed.group);
    }
    expect((await entriesAfter(1)).map(({ type }) => type)).toEqual([
      'title_changed',
      'members_added',
      'role_changed',
      'member_removed',
    ]);
  });

  test('is made once if its answer is lost', async () => {
    let losses = 0;
    const lossy = withSend(table, async (command, send) => {
      const answer = await send(command);
      if (!(command instanceof TransactWriteCommand) || losses > 0) return answer;
      losses += 1;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    });
    const added = await addMembers(createLog(lossy, { batch: 'transactions' }), { ...byAda, people: [eve] });
    expect([losses, added.members.length, added.group.member_count]).toEqual([1, 3, 3]);
    expect(await entriesAfter(1)).toHaveLength(1);
  });
});

describe('people who are added', () => {
  test('get a summary at the entry that names them, and present members are left out', async () => {
    await messages.send(log, { messageGroupUuid: uuid, sender: ada, message: 'before' });
    const { members: present } = await addMembers(log, { ...byAda, people: [bob, eve, dan] });
    expect(present.map(({ user_uuid }) => user_uuid).sort()).toEqual(
      [ada, bob, eve, dan].map((each) => each.uuid).sort(),
    );
    expect(await entriesAfter(2)).toMatchObject([{ type: 'members_added', members: [eve.uuid, dan.uuid] }]);
    const { Item } = await table.doc.send(
      new GetCommand({ TableName: table.name, Key: summaryKey(eve.uuid, uuid), ConsistentRead: true }),
    );
    expect(Item).toMatchObject({ title: 'tea', last_seq: 3, read_seq: 3, read_count: 1, unopened: true });
  });

  test('fill a group up to 1,000, and nobody is added if they do not all fit', async () => {
    const absent = maxGroupMembers - 3;
    const requests = Array.from({ length: absent }, () => ({
      PutRequest: {
        Item: members.memberItem(uuid, { user_uuid: randomUUID(), role: 'member', joined_at: '2026-01-01' }),
      },
    }));
    while (requests.length > 0)
      await table.doc.send(new BatchWriteCommand({ RequestItems: { [table.name]: requests.splice(0, 25) } }));
    const { group } = await members.roster(table, uuid);
    if (!group) throw new Error('no group');
    const Item = members.groupItem({ ...group, member_count: absent + 2 });
    await table.doc.send(new PutCommand({ TableName: table.name, Item }));
    const add = (...people: Person[]) => addMembers(log, { ...byAda, people });
    await expect(add(eve, dan)).rejects.toEqual(refusal('message_group_full'));
    expect(await has(summaryKey(eve.uuid, uuid))).toBe(false);
    expect((await add(bob, eve)).group.member_count).toBe(maxGroupMembers);
    await expect(add(dan)).rejects.toEqual(refusal('message_group_full'));
  });
});

describe('a person who is removed', () => {
  test('loses the summary, and a LEFT# item remains, by which an erasure finds the conversation', async () => {
    const { members: present } = await removeMember(log, { ...byAda, person: bob });
    expect(present.map(({ user_uuid }) => user_uuid)).toEqual([ada.uuid]);
    expect(await rolesOf()).toEqual({ [ada.uuid]: 'admin' });
    expect([await has(summaryKey(bob.uuid, uuid)), await has(leftKey(bob.uuid, uuid))]).toEqual([
      false,
      true,
    ]);
    expect(await has(leftKey(ada.uuid, uuid))).toBe(false);
  });

  test('may be the actor, without being an admin', async () => {
    await removeMember(log, { ...byBob, person: bob });
    expect(await entriesAfter(1)).toMatchObject([
      { type: 'member_removed', message: expect.stringContaining('left') },
    ]);
  });

  test('is succeeded as the last admin by the longest-standing member', async () => {
    await addMembers(log, { ...byAda, people: [eve] });
    await removeMember(log, { ...byAda, person: bob });
    await addMembers(log, { ...byAda, people: [bob] });
    const { members: present } = await removeMember(log, { ...byAda, person: ada });
    expect(await rolesOf()).toEqual({ [eve.uuid]: 'admin', [bob.uuid]: 'member' });
    expect(Object.fromEntries(present.map(({ user_uuid, role }) => [user_uuid, role]))).toEqual(
      await rolesOf(),
    );
    expect((await entriesAfter(4)).map((entry) => [entry.type, 'members' in entry && entry.members])).toEqual(
      [
        ['member_removed', [ada.uuid]],
        ['role_changed', [eve.uuid]],
      ],
    );
  });

  test('has no successor as one of two admins', async () => {
    await addMembers(log, { ...byAda, people: [eve] });
    await setRole(log, { ...byAda, person: eve, role: 'admin' });
    await removeMember(log, { ...byAda, person: ada });
    expect(await rolesOf()).toEqual({ [bob.uuid]: 'member', [eve.uuid]: 'admin' });
  });

  test('leaves an empty group as the last member', async () => {
    await removeMember(log, { ...byAda, person: bob });
    await removeMember(log, { ...byAda, person: ada });
    expect(await members.roster(table, uuid)).toMatchObject({ group: { member_count: 0 }, members: [] });
    expect(await has(groupKey(uuid))).toBe(true);
  });
});

describe('a role', () => {
  test('can be given to a member, who then has an admin’s rights', async () => {
    await setRole(log, { ...byAda, person: bob, role: 'admin' });
    expect((await rename(log, { ...byBob, title: 'coffee' })).group.title).toBe('coffee');
    await setRole(log, { ...byBob, person: ada, role: 'member' });
    await expect(rename(log, { ...byAda, title: 'tea' })).rejects.toEqual(refusal('generic_403'));
  });

  test('cannot be taken from the last admin, nor given to a stranger', async () => {
    const resign = setRole(log, { ...byAda, person: ada, role: 'member' });
    await expect(resign).rejects.toEqual(refusal('last_admin'));
    const promote = setRole(log, { ...byAda, person: eve, role: 'admin' });
    await expect(promote).rejects.toEqual(refusal('member_not_found'));
    expect(await rolesOf()).toEqual({ [ada.uuid]: 'admin', [bob.uuid]: 'member' });
  });

  test('of one admin remains when two admins resign at once', async () => {
    await setRole(log, { ...byAda, person: bob, role: 'admin' });
    const outcomes = await Promise.allSettled([
      setRole(log, { ...byAda, person: ada, role: 'member' }),
      setRole(createLog(table, { batch: 'transactions' }), { ...byBob, person: bob, role: 'member' }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(Object.values(await rolesOf()).sort()).toEqual(['admin', 'member']);
  });
});

import { randomUUID } from 'node:crypto';
import { BatchGetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { withSend } from '@parley/engines/testing/with-send';
import { UnprocessedError } from '../table/faults.ts';
import { entryKey, groupKey, memberKey } from '../table/keys.ts';
import * as members from './members.ts';
import { type Group, groupFromItem, groupItem, type Member, memberFromItem, memberItem } from './members.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const put = (Item: Record<string, unknown>) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item }));
const userUuid = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const member = (index: number): Member => ({
  user_uuid: userUuid(index),
  role: index === 0 ? 'admin' : 'member',
  joined_at: '2026-01-01T00:00:00.000Z',
});
const groupOf = (message_group_uuid: string, member_count: number): Group => ({
  message_group_uuid,
  kind: 'group',
  title: 'tea',
  created_by: userUuid(0),
  created_at: '2026-01-01T00:00:00.000Z',
  member_count,
  version: 3,
});

/** A group whose member_count is `count`, with `present` members in the table. */
async function conversation(count: number, present = count) {
  const uuid = randomUUID();
  await put(groupItem(groupOf(uuid, count)));
  await put({ ...entryKey(uuid, 1), message: 'an entry of the same partition' });
  for (let index = 0; index < present; index += 1) await put(memberItem(uuid, member(index)));
  return uuid;
}

test('items hold the group and its members, and other keys are refused', () => {
  const uuid = randomUUID();
  expect(groupFromItem(groupItem(groupOf(uuid, 2)))).toEqual(groupOf(uuid, 2));
  expect(memberFromItem(memberItem(uuid, member(1)))).toEqual(member(1));
  expect(() => groupFromItem(memberKey(uuid, userUuid(1)))).toThrow(TypeError);
  expect(() => memberFromItem(groupKey(uuid))).toThrow(TypeError);
});

describe('a membership', () => {
  test('is the group and the member, the group alone for a stranger, and nothing without a conversation', async () => {
    const uuid = await conversation(2);
    expect(await members.membership(table, uuid, userUuid(1))).toEqual({
      group: groupOf(uuid, 2),
      member: member(1),
    });
    expect(await members.membership(table, uuid, userUuid(2))).toEqual({ group: groupOf(uuid, 2) });
    expect(await members.membership(table, randomUUID(), userUuid(1))).toEqual({});
    expect([await members.group(table, uuid), await members.group(table, randomUUID())]).toEqual([
      groupOf(uuid, 2),
      undefined,
    ]);
    expect(await members.get(table, uuid, userUuid(0))).toEqual(member(0));
    expect(await members.get(table, uuid, userUuid(2))).toBeUndefined();
  });

  test('that the table left unprocessed is an error, not a stranger', async () => {
    const uuid = await conversation(1);
    const busy = withSend(table, async (command, send) => {
      if (!(command instanceof BatchGetCommand)) return send(command);
      const Keys = [memberKey(uuid, userUuid(0))];
      return {
        Responses: { [table.name]: [groupItem(groupOf(uuid, 1))] },
        UnprocessedKeys: { [table.name]: { Keys } },
      };
    });
    await expect(members.membership(busy, uuid, userUuid(0))).rejects.toThrow(UnprocessedError);
  });
});

describe('a roster', () => {
  test('is the group with all its members, in the order of their uuids, and empty without a conversation', async () => {
    const uuid = await conversation(12);
    const { group, members: present } = await members.roster(table, uuid);
    expect(group).toEqual(groupOf(uuid, 12));
    expect(present).toEqual(Array.from({ length: 12 }, (_, index) => member(index)));
    expect(await members.roster(table, randomUUID())).toEqual({ members: [] });
  });

  test('reads all pages of the table', async () => {
    const uuid = await conversation(4);
    let pages = 0;
    const paging = withSend(table, async (command, send) => {
      if (!(command instanceof QueryCommand)) return send(command);
      pages += 1;
      return send(new QueryCommand({ ...command.input, Limit: 2 }));
    });
    expect((await members.roster(paging, uuid)).members).toHaveLength(4);
    expect(pages).toBe(3);
  });

  test('that saw half of a change is read again', async () => {
    const uuid = await conversation(3, 2);
    let reads = 0;
    const changing = withSend(table, async (command, send) => {
      const answer = await send(command);
      reads += 1;
      if (reads === 2) await put(memberItem(uuid, member(2)));
      return answer;
    });
    expect((await members.roster(changing, uuid)).members).toHaveLength(3);
    expect(reads).toBe(3);
  });

  test('that never agrees with its group is returned as it is after four reads', async () => {
    const uuid = await conversation(3, 2);
    let reads = 0;
    const counted = withSend(table, (command, send) => {
      reads += 1;
      return send(command);
    });
    const { group, members: present } = await members.roster(counted, uuid);
    expect([group?.member_count, present.length, reads]).toEqual([3, 2, 4]);
  });
});

test('pages hold each member once, without the group, and the last one is complete', async () => {
  const uuid = await conversation(5);
  const found: Member[][] = [];
  let after: string | undefined;
  for (let isComplete = false; !isComplete; after = found.at(-1)?.at(-1)?.user_uuid) {
    const page = await members.page(table, uuid, { ...(after && { after }), limit: 2 });
    found.push(page.members);
    isComplete = page.isComplete;
  }
  expect(found.map(({ length }) => length)).toEqual([2, 2, 1]);
  expect(found.flat()).toEqual([0, 1, 2, 3, 4].map(member));
  expect(await members.page(table, uuid, { after: userUuid(4), limit: 2 })).toEqual({
    members: [],
    isComplete: true,
  });
});

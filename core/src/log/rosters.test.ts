import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import { person } from '../testing/people.ts';
import { createLog } from './log.ts';
import * as members from './members.ts';
import { createRosters } from './rosters.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const [ada, ben, eve] = [person('ada'), person('ben'), person('eve')] as const;

async function group() {
  const log = createLog(table, { batch: 'transactions' });
  const created = await messageGroups.create(log, { creator: ada, title: 'g', people: [ben, eve] });
  const messageGroupUuid = created.group.message_group_uuid;
  return {
    messageGroupUuid,
    version: created.group.version,
    remove: () => messageGroups.removeMember(log, { messageGroupUuid, actor: ada, person: eve }),
  };
}

describe('a roster', () => {
  it('is as old as the caller allows, and no older', async () => {
    const { messageGroupUuid, remove } = await group();
    const rosters = createRosters(table);
    await rosters.get(messageGroupUuid);
    await remove();
    const isIn = async (maxAgeMs?: number) =>
      (await rosters.get(messageGroupUuid, maxAgeMs === undefined ? {} : { maxAgeMs }))?.has(eve.uuid);
    expect(await isIn(60_000)).toBe(true);
    await sleep(20);
    expect(await isIn(20)).toBe(false);
    expect(await isIn()).toBe(false);
  });

  it('is read again if a newer version of the group is known, even if it was just read', async () => {
    const { messageGroupUuid, version, remove } = await group();
    const rosters = createRosters(table);
    await rosters.get(messageGroupUuid);
    await remove();
    const young = { maxAgeMs: 60_000 };
    expect((await rosters.get(messageGroupUuid, { ...young, version }))?.has(eve.uuid)).toBe(true);
    expect((await rosters.get(messageGroupUuid, { ...young, version: version + 1 }))?.has(eve.uuid)).toBe(
      false,
    );
  });

  it('that does not agree with the group is not cached', async () => {
    const { messageGroupUuid } = await group();
    const rosters = createRosters(table);
    const present = await members.roster(table, messageGroupUuid);
    if (!present.group) throw new Error('no group');
    const put = (Item: Record<string, unknown>) =>
      table.doc.send(new PutCommand({ TableName: table.name, Item }));
    // A query can see half of a membership change: the group, and not yet its member.
    const late = person('late');
    await put(members.groupItem({ ...present.group, member_count: 4, version: 2 }));
    expect((await rosters.get(messageGroupUuid, { maxAgeMs: 60_000 }))?.userUuids).toHaveLength(3);
    const joined = { user_uuid: late.uuid, role: 'member', joined_at: present.group.created_at } as const;
    await put(members.memberItem(messageGroupUuid, joined));
    expect((await rosters.get(messageGroupUuid, { maxAgeMs: 60_000 }))?.has(late.uuid)).toBe(true);
  });

  it('is undefined if the conversation does not exist', async () => {
    expect(await createRosters(table).get(randomUUID())).toBeUndefined();
  });
});

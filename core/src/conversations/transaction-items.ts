import * as summaries from '../inbox/summaries.ts';
import type { Entry, Person } from '../log/entries.ts';
import type { TransactItem } from '../log/log.ts';
import type { Group, Member, Role } from '../log/members.ts';
import * as members from '../log/members.ts';
import { positionOf } from '../log/position.ts';
import type { Table } from '../table/client.ts';
import { leftKey, memberKey, summaryKey } from '../table/keys.ts';

/* The items that a transaction on a conversation writes besides its entries. */

export const put = (table: Table, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: table.name, Item },
});

export const putNew = (table: Table, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' },
});

export const putGroup = (table: Table, group: Group, expectedVersion: number): TransactItem => ({
  Put: {
    TableName: table.name,
    Item: members.groupItem(group),
    ConditionExpression: 'version = :version',
    ExpressionAttributeValues: { ':version': expectedVersion },
  },
});

export const putRole = (
  table: Table,
  messageGroupUuid: string,
  userUuid: string,
  role: Role,
): TransactItem => ({
  Update: {
    TableName: table.name,
    Key: memberKey(messageGroupUuid, userUuid),
    UpdateExpression: 'SET #role = :role',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#role': 'role' },
    ExpressionAttributeValues: { ':role': role },
  },
});

/** A new member, with a summary at the entry's position: the member may read the history, and nothing is unread. */
export function joinGroup(table: Table, group: Group, member: Member, entry: Entry): TransactItem[] {
  const about = { kind: 'group', title: group.title ?? '', large: entry.large === true } as const;
  const summary = summaries.summaryItem({
    userUuid: member.user_uuid,
    entry,
    about,
    read: positionOf(entry),
    unopened: true,
  });
  return [putNew(table, members.memberItem(group.message_group_uuid, member)), put(table, summary)];
}

/** Deletes a member and the summary. Adds a `LEFT#` item, so that an erasure finds the person's messages here. */
export const leaveGroup = (table: Table, messageGroupUuid: string, userUuid: string): TransactItem[] => [
  {
    Delete: {
      TableName: table.name,
      Key: memberKey(messageGroupUuid, userUuid),
      ConditionExpression: 'attribute_exists(pk)',
    },
  },
  { Delete: { TableName: table.name, Key: summaryKey(userUuid, messageGroupUuid) } },
  put(table, leftKey(userUuid, messageGroupUuid)),
];

export const newMember = ({ uuid }: Person, role: Role, now: string): Member => ({
  user_uuid: uuid,
  role,
  joined_at: now,
});

export function firstOf([entry]: Entry[]): Entry {
  if (!entry) throw new Error('a transaction without an entry');
  return entry;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { UnprocessedError } from '../table/faults.ts';
import {
  conversationPk,
  groupKey,
  groupSk,
  type Key,
  memberKey,
  memberSk,
  membersEndSk,
  parseKey,
} from '../table/keys.ts';

export type Role = 'admin' | 'member';

export type Group = {
  message_group_uuid: string;
  kind: 'direct' | 'group';
  title?: string;
  created_by: string;
  created_at: string;
  member_count: number;
  version: number;
};

export type Member = { user_uuid: string; role: Role; joined_at: string };

export function groupItem({ message_group_uuid, ...attributes }: Group) {
  return { ...groupKey(message_group_uuid), ...attributes };
}

export function memberItem(messageGroupUuid: string, { user_uuid, ...attributes }: Member) {
  return { ...memberKey(messageGroupUuid, user_uuid), ...attributes };
}

export function groupFromItem({ pk, sk, ...attributes }: Record<string, unknown>): Group {
  const key = parseKey({ pk, sk } as Key);
  if (key.item !== 'group') throw new TypeError('not the key of a group');
  return { message_group_uuid: key.messageGroupUuid, ...attributes } as Group;
}

export function memberFromItem({ pk, sk, ...attributes }: Record<string, unknown>): Member {
  const key = parseKey({ pk, sk } as Key);
  if (key.item !== 'member') throw new TypeError('not the key of a member');
  return { user_uuid: key.userUuid, ...attributes } as Member;
}

/** Access pattern: a group and one member, each undefined if there is none. 2 read units. */
export async function membership(table: Table, messageGroupUuid: string, userUuid: string) {
  const keys = [groupKey(messageGroupUuid), memberKey(messageGroupUuid, userUuid)];
  const { Responses, UnprocessedKeys } = await table.doc.send(
    new BatchGetCommand({ RequestItems: { [table.name]: { Keys: keys, ConsistentRead: true } } }),
  );
  const unread = UnprocessedKeys?.[table.name]?.Keys?.length ?? 0;
  if (unread > 0) throw new UnprocessedError('BatchGetItem left keys unprocessed');
  const items = Responses?.[table.name] ?? [];
  const group = items.find((item) => parseKey(item as Key).item === 'group');
  const member = items.find((item) => parseKey(item as Key).item === 'member');
  return { group: group && groupFromItem(group), member: member && memberFromItem(member) };
}

/** Access pattern: a group. 1 read unit. */
export async function group(table: Table, messageGroupUuid: string): Promise<Group | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.name, Key: groupKey(messageGroupUuid), ConsistentRead: true }),
  );
  return Item && groupFromItem(Item);
}

/** Access pattern: one member. 1 read unit. */
export async function get(
  table: Table,
  messageGroupUuid: string,
  userUuid: string,
): Promise<Member | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({
      TableName: table.name,
      Key: memberKey(messageGroupUuid, userUuid),
      ConsistentRead: true,
    }),
  );
  return Item && memberFromItem(Item);
}

/**
 * Access pattern: a group with all its members, in one consistent query. 1 read unit for each 4 KB (about 30 members).
 */
export async function roster(
  table: Table,
  messageGroupUuid: string,
): Promise<{ group?: Group; members: Member[] }> {
  for (let attempt = 1; ; attempt += 1) {
    const { group, members } = await query(table, messageGroupUuid, groupSk);
    // A query can see half of a transaction. Every membership change changes the count, so a mismatch shows it.
    if (!group || members.length === group.member_count || attempt === 4) return { group, members };
    await sleep(10 * attempt);
  }
}

/** Access pattern: a page of members in the order of their uuids. 1 read unit for each 4 KB (about 30 members). */
export async function page(
  table: Table,
  messageGroupUuid: string,
  { after, limit }: { after?: string; limit: number },
) {
  const { members, isComplete } = await query(
    table,
    messageGroupUuid,
    memberSk(after ? `${after}~` : ''),
    limit,
  );
  return { members, isComplete };
}

async function query(table: Table, messageGroupUuid: string, from: string, limit?: number) {
  const items: Record<string, unknown>[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await table.doc.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':pk': conversationPk(messageGroupUuid),
          ':from': from,
          ':to': membersEndSk,
        },
        ConsistentRead: true,
        Limit: limit,
        ExclusiveStartKey: start,
      }),
    );
    items.push(...Items);
    start = LastEvaluatedKey;
  } while (start && (limit === undefined || items.length < limit));
  const group = items.find((item) => parseKey(item as Key).item === 'group');
  const members = items.filter((item) => parseKey(item as Key).item === 'member').map(memberFromItem);
  return { group: group && groupFromItem(group), members, isComplete: start === undefined };
}

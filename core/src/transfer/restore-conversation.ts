import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import { maxPeoplePerTransaction } from '../conversations/message-groups.ts';
import * as arrivals from '../erasure/arrivals.ts';
import * as erase from '../erasure/erase.ts';
import * as summaries from '../inbox/summaries.ts';
import { putIfFree, refusalOf } from '../log/append/append-writer.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { largeGroupMembers } from '../log/entries.ts';
import { type IsErased, withoutErased } from '../log/erased.ts';
import { createHistory } from '../log/fold.ts';
import type { Log, TransactItem } from '../log/log.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { isTransientFault } from '../table/faults.ts';
import { leftKey } from '../table/keys.ts';
import { ExportError, type StateLine } from './export-format.ts';

const maxAttempts = 12;

type ExportedMember = Member & { read_seq: number; settings?: Record<string, unknown> };
export type Conversation = ReturnType<typeof begin>;

export function begin(uuid: string, { isArriving }: { isArriving: boolean }) {
  return {
    uuid,
    /** It was not here, or not to its end, before this run. */
    isArriving,
    history: createHistory(uuid),
    entries: [] as Entry[],
    group: undefined as Group | undefined,
    members: [] as ExportedMember[],
    turn: Promise.resolve() as Promise<void>,
    isRefused: false,
  };
}

/** Before the first text of it. 1 read unit, and 1 write unit where it is not here yet. */
export async function announce(table: Table, conversation: Conversation) {
  if (await members.group(table, conversation.uuid)) return;
  await arrivals.begin(table, conversation.uuid);
  conversation.isArriving = true;
}

/** Takes a line. Answers whether it is an entry that comes back without what is of erased people. */
export function take(conversation: Conversation, { line, ...value }: StateLine, isErased: IsErased): boolean {
  if (line === 'group') conversation.group = value as Group;
  else if (line === 'member') {
    const { message_group_uuid: _uuid, ...member } = value;
    conversation.members.push(member as ExportedMember);
  } else {
    const exported = value as Entry;
    const entry = withoutErased(exported, isErased);
    conversation.history.take(entry);
    conversation.entries.push(entry);
    return entry !== exported;
  }
  return false;
}

/** How many had to be written; undefined where another entry stands in the place of one of these. */
export async function writeEntries(
  table: Table,
  chunk: Entry[],
  erased: () => Promise<IsErased>,
): Promise<number | undefined> {
  const [first, last] = [chunk[0], chunk.at(-1)];
  if (!first || !last) return 0;
  let missing = chunk;
  for (let attempt = 1; missing.length > 0; attempt += 1) {
    const isErased = await erased();
    if (
      await send(
        table,
        missing.map((entry) => putIfFree(table, withoutErased(entry, isErased))),
        attempt,
      )
    )
      return missing.length;
    const present = new Map<number, string>();
    const range = { from: first.seq, to: last.seq, order: 'ascending' } as const;
    for await (const page of entries.pages(table, first.message_group_uuid, range))
      for (const entry of page) present.set(entry.seq, entry.message_uuid);
    missing = chunk.filter(({ seq }) => !present.has(seq));
    if (chunk.some(({ seq, message_uuid }) => (present.get(seq) ?? message_uuid) !== message_uuid))
      return undefined;
  }
  return 0;
}

/** Makes the members and the group, and lets who was erased here leave it. Safe to repeat. */
export async function finish(log: Log, pool: Pool, conversation: Conversation) {
  const { uuid, history, group } = conversation;
  if (!group) return;
  await makeGroup(log.table, pool, conversation, group);
  if (!conversation.isArriving) return;
  await erase.settle(log, pool, uuid, [...history.people.keys()]);
  await arrivals.end(log.table, uuid);
}

/** Members with their summaries, 48 at a time, and last the group: until then nobody is in the conversation. */
async function makeGroup(table: Table, pool: Pool, conversation: Conversation, group: Group) {
  const { uuid, history } = conversation;
  for (let attempt = 1; ; attempt += 1) {
    const stored = await members.roster(table, uuid);
    if (stored.group) return;
    const known = new Set(stored.members.map(({ user_uuid }) => user_uuid));
    const names = await users.findNames(
      pool,
      conversation.members.map(({ user_uuid }) => user_uuid),
    );
    const absent = conversation.members.filter(({ user_uuid }) => !known.has(user_uuid));
    const items = [
      ...[...history.left].map((userUuid) => [put(table, leftKey(userUuid, uuid))]),
      ...absent.map((member) => memberItems(table, conversation, member, names)),
    ];
    let isWritten = true;
    while (isWritten && items.length > maxPeoplePerTransaction)
      isWritten = await send(table, items.splice(0, maxPeoplePerTransaction).flat(), attempt);
    if (isWritten && (await send(table, [...items.flat(), putNew(table, members.groupItem(group))], attempt)))
      return;
  }
}

function memberItems(
  table: Table,
  { uuid, history, group, members: present }: Conversation,
  { read_seq, settings, ...member }: ExportedMember,
  names: Map<string, users.Name>,
): TransactItem[] {
  const { newest } = history;
  if (!newest || !group) throw new ExportError(`${uuid} has members and no log`);
  const own = history.own.get(member.user_uuid);
  const other =
    present.find(({ user_uuid }) => user_uuid !== member.user_uuid)?.user_uuid ?? member.user_uuid;
  const about =
    group.kind === 'group'
      ? { kind: group.kind, title: group.title ?? '', large: group.member_count > largeGroupMembers }
      : {
          kind: group.kind,
          other: { uuid: other, ...(names.get(other) ?? { handle: '', display_name: '' }) },
        };
  const item = summaries.summaryItem({
    userUuid: member.user_uuid,
    entry: newest,
    about,
    read: { seq: read_seq, count: history.countAt(read_seq) ?? 0 },
    ...(own && { sent: { seq: own.seq, count: own.count } }),
  });
  return [putNew(table, members.memberItem(uuid, member)), putNew(table, { ...settings, ...item })];
}

const put = (table: Table, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: table.name, Item },
});
const putNew = (table: Table, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' },
});

/** False where it has to be looked what is there already. Throws what does not pass, and a fault that lasts. */
async function send(table: Table, TransactItems: TransactItem[], attempt: number): Promise<boolean> {
  try {
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    const isRefused = error instanceof TransactionCanceledException && refusalOf(error) !== undefined;
    if (attempt >= maxAttempts || (!isRefused && !isTransientFault(error))) throw error;
    if (attempt > 1) await sleep(Math.random() * Math.min(5_000, 25 * 2 ** attempt));
    return false;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import type { Conversation } from '../conversations/snapshot.ts';
import * as conversations from '../conversations/snapshot.ts';
import type { Summary } from '../inbox/summaries.ts';
import * as summaries from '../inbox/summaries.ts';
import { refusalOf } from '../log/append/append-writer.ts';
import { largeGroupMembers, type Person } from '../log/entries.ts';
import type { Finding } from '../log/fold.ts';
import type { Member } from '../log/members.ts';
import { type LogPosition, logStart } from '../log/position.ts';
import * as placeholders from '../people/placeholders.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { UnprocessedError } from '../table/faults.ts';
import { leftKey, memberKey, summaryKey } from '../table/keys.ts';
import {
  type Accused,
  type CheckContext,
  type CheckOptions,
  check,
  contextOf,
  erasureFaults,
  type Orphan,
  recheck,
  type Suspect,
} from './check.ts';

/*
 * Rebuilds summaries from their logs, beside live writers and any number of times.
 *
 * A rewrite is conditional on the positions that were read: whoever moved one meanwhile knew better. A missing summary
 * is made together with a look at its member, and one of nobody is deleted together with a look at its absence, so
 * neither meets a membership change half way. What is right is not touched. A write that was refused proves nothing: the
 * conversation is read again, until nothing of it is wrong.
 */

export type Repaired = { rewritten: number; created: number; deleted: number };
export type RepairResult = Repaired & {
  /** People whom Postgres lacked, and who have a placeholder there now. */
  registered: number;
  /** What is wrong still: anything but summaries and missing people cannot be mended. */
  findings: Finding[];
  /** Conversations and summaries that the table did not let be repaired: to be done again. */
  unsettled: number;
};

/**
 * Compares every summary with its log and rebuilds what differs: after a gap in the stream, or a restore. Rejects where
 * the table did not take all of it.
 */
export async function repairSummaries(table: Table, options: CheckOptions = {}): Promise<Repaired> {
  const { accused } = await check(table, undefined, options);
  const { rewritten, created, deleted, unsettled } = await repair(table, undefined, accused);
  // Whoever waits for this must not go on: it is to be done again.
  if (unsettled > 0) throw new UnprocessedError(`${unsettled} conversations could not be repaired yet`);
  return { rewritten, created, deleted };
}

/**
 * Rebuilds the summaries that a check accused. The pool knows names that a log does not, gets a placeholder for whom
 * it lacks (placeholders.ts), and finishes the check.
 */
export async function repair(
  table: Table,
  pool: Pool | undefined,
  accused: Accused,
  { letterBucket }: Pick<CheckOptions, 'letterBucket'> = {},
): Promise<RepairResult> {
  const context = await contextOf(table, pool);
  const registered = pool ? await placeholders.insert(pool, accused.strangers) : 0;
  const done: Repaired = { rewritten: 0, created: 0, deleted: 0 };
  let unsettled = 0;
  for (const suspect of accused.conversations)
    if (!(await repairConversation(context, pool, suspect, done))) unsettled += 1;
  for (const orphan of accused.orphans) if (await remove(table, orphan)) done.deleted += 1;
  const { findings, accused: left } = await recheck(context, accused);
  return {
    ...done,
    registered,
    findings: [...findings, ...(await erasureFaults({ table, letterBucket }, pool))],
    unsettled: unsettled + left.orphans.length,
  };
}

const maxAttempts = 6;

/** False where the table did not let it be done. What is no summary's fault is not waited for. */
async function repairConversation(
  context: CheckContext,
  pool: Pool | undefined,
  suspect: Suspect,
  done: Repaired,
): Promise<boolean> {
  let { mark } = suspect;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    if (attempt > 1) await sleep(Math.random() * 25 * 2 ** attempt);
    const { isDone, hasCreated } = await repairOnce(context, pool, { ...suspect, mark }, done);
    if (isDone && !hasCreated) return true;
    // Where a summary was to be made, the projector may have passed it by: one more look, up to the newest entry.
    if (hasCreated) mark = Number.POSITIVE_INFINITY;
  }
  return false;
}

/**
 * `isDone` where every write that was needed was taken. `hasCreated` where a summary was to be made, also where that was
 * refused: a repeat is, after an answer that was lost.
 */
async function repairOnce(
  { table, isErased }: CheckContext,
  pool: Pool | undefined,
  { messageGroupUuid, mark }: Suspect,
  done: Repaired,
): Promise<{ isDone: boolean; hasCreated: boolean }> {
  const conversation = await conversations.read(table, messageGroupUuid, { mark, isErased });
  if (!conversation) return { isDone: false, hasCreated: false };
  const { history, group, leavers } = conversation;
  if (!group || history.isBroken) return { isDone: true, hasCreated: false };
  let isDone = true;
  let hasCreated = false;
  for (const userUuid of history.left)
    if (!leavers.has(userUuid)) await noteLeaver(table, messageGroupUuid, userUuid);
  for (const member of conversation.members) {
    if (conversations.summaryFaults(conversation, member).length === 0) continue;
    const stored = conversation.summaries.get(member.user_uuid);
    const item = await rebuild(pool, conversation, member, stored);
    if (!item) continue;
    if (!stored) hasCreated = true;
    const isWritten = stored
      ? await rewrite(table, stored, item)
      : await create(table, messageGroupUuid, member, item);
    if (!isWritten) isDone = false;
    else if (stored) done.rewritten += 1;
    else done.created += 1;
  }
  return { isDone, hasCreated };
}

const noteLeaver = (table: Table, messageGroupUuid: string, userUuid: string) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item: leftKey(userUuid, messageGroupUuid) }));

type SummaryItem = ReturnType<typeof summaries.summaryItem>;

/** The summary as the log makes it. Only what a member has read is not in the log: it stays, within the log's bounds. */
async function rebuild(
  pool: Pool | undefined,
  { history, group, members }: Conversation,
  { user_uuid }: Member,
  stored: Summary | undefined,
): Promise<(SummaryItem & { large: boolean }) | undefined> {
  const { newest } = history;
  if (!newest || !group) return undefined;
  const joined = history.members.get(user_uuid)?.joined ?? logStart;
  const readSeq = Math.min(stored ? stored.read_seq : joined.seq, history.seq);
  const own = history.own.get(user_uuid);
  const other = members.find((member) => member.user_uuid !== user_uuid)?.user_uuid ?? user_uuid;
  const about =
    group.kind === 'group'
      ? { kind: group.kind, title: group.title ?? '' }
      : { kind: group.kind, other: await nameOf(pool, other, history.people.get(other), stored) };
  const read = { seq: readSeq, count: history.countAt(readSeq) ?? 0 };
  const sent = own && own.seq > read.seq ? { seq: own.seq, count: own.count } : keptSent(stored, own);
  const unopened = !stored && group.kind === 'group';
  const item = summaries.summaryItem({ userUuid: user_uuid, entry: newest, about, read, sent, unopened });
  return { ...item, large: group.member_count > largeGroupMembers };
}

/** What was read covers it: a member who was added again has sent nothing since. */
function keptSent(stored: Summary | undefined, own: LogPosition | undefined): LogPosition {
  return stored && own && stored.sent_seq > 0 ? { seq: own.seq, count: own.count } : logStart;
}

/** The other person's name: as Postgres has it, as the log or the summary knew it last, else none. */
async function nameOf(
  pool: Pool | undefined,
  uuid: string,
  author: Person | undefined,
  stored: Summary | undefined,
): Promise<Person> {
  const registered = pool && (await users.findNames(pool, [uuid])).get(uuid);
  const known = stored?.user_uuid === uuid ? stored : undefined;
  const fallback = { handle: known?.user_handle ?? '', display_name: known?.user_display_name ?? '' };
  return { uuid, ...(registered ?? author ?? fallback) };
}

const positions = ['last_seq', 'message_count', 'sent_seq', 'sent_count', 'read_seq', 'read_count'] as const;

/** False where somebody moved a position since it was read. */
async function rewrite(table: Table, stored: Summary, item: Record<string, unknown>): Promise<boolean> {
  const { pk, sk, ...attributes } = item;
  const names = Object.keys(attributes);
  const ExpressionAttributeNames = Object.fromEntries(
    [...names, ...positions].map((name) => [`#${name}`, name]),
  );
  const values = names.map((name) => [`:${name}`, attributes[name]]);
  const read = positions.map((name) => [`:was_${name}`, stored[name]] as const);
  const isSame = positions.map((name) =>
    stored[name] === undefined ? `attribute_not_exists(#${name})` : `#${name} = :was_${name}`,
  );
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: { pk, sk },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ConditionExpression: ['attribute_exists(pk)', ...isSame].join(' AND '),
        ExpressionAttributeNames,
        ExpressionAttributeValues: Object.fromEntries([
          ...values,
          ...read.filter(([, value]) => value !== undefined),
        ]),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** False where the person is no member any more, or the summary is there by now. */
function create(table: Table, messageGroupUuid: string, { user_uuid }: Member, Item: SummaryItem) {
  return isWritten(table, [
    {
      ConditionCheck: {
        TableName: table.name,
        Key: memberKey(messageGroupUuid, user_uuid),
        ConditionExpression: 'attribute_exists(pk)',
      },
    },
    { Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' } },
  ]);
}

/** False where the person is a member by now, or the summary is gone already. */
function remove(table: Table, { userUuid, messageGroupUuid }: Orphan) {
  return isWritten(table, [
    {
      ConditionCheck: {
        TableName: table.name,
        Key: memberKey(messageGroupUuid, userUuid),
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    {
      Delete: {
        TableName: table.name,
        Key: summaryKey(userUuid, messageGroupUuid),
        ConditionExpression: 'attribute_exists(pk)',
      },
    },
  ]);
}

async function isWritten(
  table: Table,
  TransactItems: ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems'],
) {
  try {
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && refusalOf(error)) return false;
    throw error;
  }
}

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import type { Pool } from 'pg';
import * as messageGroups from '../conversations/message-groups.ts';
import * as conversations from '../conversations/snapshot.ts';
import type { LetterBucket } from '../dead-letters/letter-bucket.ts';
import { AppError } from '../errors.ts';
import type { Summary } from '../inbox/summaries.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { erasedIn, type IsErased, peopleOf, tombstoneName, withoutErased } from '../log/erased.ts';
import type { Log } from '../log/log.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { entryKey, summaryKey } from '../table/keys.ts';
import * as arrivals from './arrivals.ts';
import * as deadLetters from './dead-letters.ts';
import type { Erasure } from './erasures.ts';
import * as erasures from './erasures.ts';

/*
 * Takes what is of an erased person out of the table.
 *
 * 1. `erasures.begin` has made their row a tombstone. Whoever shows a text asks for its author's name, which is at most
 *    5 s old: from then on nobody is shown a text of theirs, whatever the table, a summary or a stream record holds.
 * 2. A pass goes through every conversation they are or were in: they leave the groups, their entries lose text, names
 *    and keys, and the summaries that showed them are rewritten. What is clean already is not written.
 * 3. What was under way at 1 may be written after a pass: a send, a summary from a record of before. So a pass that
 *    began a minute later makes sure, and only then the erasure is finished.
 *
 * Every step may be repeated, by several at a time, and stopped anywhere: what is unfinished is in Postgres.
 */

/** A send is answered within seconds, and a stream record is read again after a minute (`trustImageMs`). */
export const settledAfterMs = 60_000;
const conversationsInFlight = 2;
const writesInFlight = 8;

export type EraseOptions = {
  /** Deletes the sign-in of this `sub` where there is one. Safe to repeat. */
  deleteSignIn: (sub: string) => Promise<void>;
  /** Where dead letters are on AWS. */
  letterBucket?: LetterBucket | undefined;
  onConversation?: (done: number, total: number) => void;
  /** Rejects the pass between two conversations. */
  signal?: AbortSignal | undefined;
  /** Tests do not wait. */
  settledMs?: number;
};

/** One pass of an erasure that has begun. True where it was the last one. */
export async function pass(
  log: Log,
  pool: Pool,
  erasure: Erasure,
  { deleteSignIn, letterBucket, settledMs = settledAfterMs, ...options }: EraseOptions,
): Promise<boolean> {
  const isSettled = await erasures.isOlderThan(pool, erasure.uuid, settledMs);
  if (erasures.hasSignIn(erasure)) {
    await deleteSignIn(erasure.cognito_user_id);
    await erasures.forgetSub(pool, erasure);
  }
  await scrub(log, erasure.uuid, options);
  await deadLetters.scrub({ table: log.table, letterBucket }, isOnly(erasure.uuid));
  if (isSettled) await erasures.finish(pool, erasure.uuid);
  return isSettled;
}

const isOnly =
  (userUuid: string): IsErased =>
  (uuid) =>
    uuid === userUuid;

async function scrub(
  log: Log,
  userUuid: string,
  { onConversation, signal }: Pick<EraseOptions, 'onConversation' | 'signal'>,
) {
  // In this order: what goes from the first list meanwhile is found by its members.
  const arriving = await arrivals.list(log.table);
  const found = [...new Set([...arriving, ...(await conversations.ofPerson(log.table, userUuid))])];
  const limit = pLimit(conversationsInFlight);
  let done = 0;
  await Promise.all(
    found.map((uuid) =>
      limit(async () => {
        signal?.throwIfAborted();
        await leave(log, uuid, userUuid);
        await scrubConversation(log.table, uuid, isOnly(userUuid));
        done += 1;
        onConversation?.(done, found.length);
      }),
    ),
  );
}

/**
 * Takes the erased ones among these people out of a conversation that has just come back, as passes do that were over
 * before it. Safe to repeat.
 */
export async function settle(log: Log, pool: Pool, messageGroupUuid: string, userUuids: string[]) {
  const isErased = erasedIn(await users.findNames(pool, userUuids));
  const erased = userUuids.filter(isErased);
  if (erased.length === 0) return;
  for (const userUuid of erased) await leave(log, messageGroupUuid, userUuid);
  await scrubConversation(log.table, messageGroupUuid, isErased);
}

/** Out of a group, so that it has an admin who exists. A direct conversation stays one of two. */
async function leave(log: Log, messageGroupUuid: string, uuid: string) {
  const { group, member } = await members.membership(log.table, messageGroupUuid, uuid);
  if (group?.kind !== 'group' || !member) return;
  const person = { uuid, ...tombstoneName(uuid) };
  try {
    await messageGroups.removeMember(log, { messageGroupUuid, actor: person, person });
  } catch (error) {
    // Out already: removed by somebody else meanwhile.
    if (!(error instanceof AppError) || !error.codes.includes('message_group_not_found')) throw error;
  }
}

/** 1 read unit for each 4 KB of the log, 1 write unit for each entry and 3 for each summary that hold something. */
async function scrubConversation(table: Table, messageGroupUuid: string, isErased: IsErased) {
  const limit = pLimit(writesInFlight);
  for await (const page of entries.pages(table, messageGroupUuid, { order: 'ascending' })) {
    const found = page.filter((entry) => withoutErased(entry, isErased) !== entry);
    await Promise.all(found.map((entry) => limit(() => scrubEntry(table, entry, isErased))));
  }
  await scrubSummaries(table, messageGroupUuid, isErased);
}

/** Sets what must go and leaves the rest, so that the erasures of two people in one entry do not undo each other. */
async function scrubEntry(table: Table, entry: Entry, isErased: IsErased) {
  const { message, user_handle, user_display_name } = withoutErased(entry, isErased);
  const isOwn = isErased(entry.user_uuid);
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: entryKey(entry.message_group_uuid, entry.seq),
      UpdateExpression: isOwn
        ? 'SET message = :message, user_handle = :handle, user_display_name = :name REMOVE idempotency_key, body_hash'
        : 'SET message = :message',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: {
        ':message': message,
        ...(isOwn && { ':handle': user_handle, ':name': user_display_name }),
      },
    }),
  );
}

/** Where a summary moves on meanwhile, the projector has written a newer entry, as the log holds it. */
async function scrubSummaries(table: Table, messageGroupUuid: string, isErased: IsErased) {
  const roster = await members.roster(table, messageGroupUuid);
  const stored = await conversations.readSummaries(table, [
    { uuid: messageGroupUuid, members: roster.members },
  ]);
  const shown = new Map<number, Promise<Entry | undefined>>();
  const entryAt = (seq: number) => {
    const entry = shown.get(seq) ?? entries.get(table, messageGroupUuid, seq);
    shown.set(seq, entry);
    return entry;
  };
  for (const summary of stored.get(messageGroupUuid)?.values() ?? []) {
    const entry = await entryAt(summary.last_seq);
    const change: Record<string, string> = {
      ...(entry && peopleOf(entry).some(isErased) && newestText(entry, isErased)),
      ...otherName(summary, isErased),
    };
    const isSame = Object.entries(change).every(([name, value]) => summary[name as keyof Summary] === value);
    if (!isSame) await rewrite(table, summary, change);
  }
}

const newestText = (entry: Entry, isErased: IsErased) => ({
  message: summaries.newestOf(withoutErased(entry, isErased)).message,
});

function otherName({ user_uuid }: Summary, isErased: IsErased): Record<string, string> {
  if (user_uuid === undefined || !isErased(user_uuid)) return {};
  const { handle, display_name } = tombstoneName(user_uuid);
  return { user_handle: handle, user_display_name: display_name };
}

async function rewrite(
  table: Table,
  { user, message_group_uuid, last_seq }: Summary,
  change: Record<string, string>,
) {
  const names = Object.keys(change);
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: summaryKey(user, message_group_uuid),
        UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
        ConditionExpression: 'last_seq = :last_seq',
        ExpressionAttributeValues: {
          ':last_seq': last_seq,
          ...Object.fromEntries(names.map((name) => [`:${name}`, change[name]])),
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

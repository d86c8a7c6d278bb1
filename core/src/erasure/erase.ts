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
 * Removes an erased person's data from the table.
 *
 * 1. `erasures.begin` has made their row a tombstone. A node looks up the author's name (at most 5 s old) before it
 *    shows a text, so from then on nobody sees their texts, even if the table still holds them.
 * 2. A pass visits every conversation they are or were in. It removes them from groups, removes text, names and keys
 *    from their entries, and rewrites the summaries that showed them. It writes nothing that is already clean.
 * 3. A send or a summary that was in progress at step 1 may be written after a pass. So the erasure is finished by a
 *    pass that began at least a minute after step 1.
 *
 * Every step may be repeated, run concurrently, and stop anywhere: Postgres lists the unfinished erasures.
 */

/** A send is answered within seconds, and older stream records are read again from the table (`trustImageMs`). */
export const settledAfterMs = 60_000;
const conversationsInFlight = 2;
const writesInFlight = 8;

export type EraseOptions = {
  /** Deletes the sign-in with this `sub`, if there is one. Safe to repeat. */
  deleteSignIn: (sub: string) => Promise<void>;
  /** The dead letters on AWS. */
  letterBucket?: LetterBucket | undefined;
  onConversation?: (done: number, total: number) => void;
  /** Stops the pass before the next conversation; the pass then rejects. */
  signal?: AbortSignal | undefined;
  /** The age in milliseconds from which an erasure's pass can be its last. */
  settledMs?: number;
};

/** Makes one pass of an erasure that has begun. Returns true if it was the last. */
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
  // In this order: a conversation that leaves the first list in between has its members by then.
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
 * Removes the erased ones of these people from a conversation that has just been imported or restored, because their
 * passes may have ended before. Safe to repeat.
 */
export async function settle(log: Log, pool: Pool, messageGroupUuid: string, userUuids: string[]) {
  const isErased = erasedIn(await users.findNames(pool, userUuids));
  const erased = userUuids.filter(isErased);
  if (erased.length === 0) return;
  for (const userUuid of erased) await leave(log, messageGroupUuid, userUuid);
  await scrubConversation(log.table, messageGroupUuid, isErased);
}

/** Removes the person from a group, so that it keeps a real admin. A direct conversation keeps its two members. */
async function leave(log: Log, messageGroupUuid: string, uuid: string) {
  const { group, member } = await members.membership(log.table, messageGroupUuid, uuid);
  if (group?.kind !== 'group' || !member) return;
  const person = { uuid, ...tombstoneName(uuid) };
  try {
    await messageGroups.removeMember(log, { messageGroupUuid, actor: person, person });
  } catch (error) {
    // Somebody else has removed the person in the meantime.
    if (!(error instanceof AppError) || !error.codes.includes('message_group_not_found')) throw error;
  }
}

/** 1 read unit for each 4 KB of the log, 1 write unit for each entry and 3 for each summary that is rewritten. */
async function scrubConversation(table: Table, messageGroupUuid: string, isErased: IsErased) {
  const limit = pLimit(writesInFlight);
  for await (const page of entries.pages(table, messageGroupUuid, { order: 'ascending' })) {
    const found = page.filter((entry) => withoutErased(entry, isErased) !== entry);
    await Promise.all(found.map((entry) => limit(() => scrubEntry(table, entry, isErased))));
  }
  await scrubSummaries(table, messageGroupUuid, isErased);
}

/** Writes single attributes, not the whole entry, so that two people's erasures do not undo each other. */
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

/** If a summary has moved on by the time of the write, the projector has read a newer entry, already scrubbed. */
async function scrubSummaries(table: Table, messageGroupUuid: string, isErased: IsErased) {
  const roster = await members.roster(table, messageGroupUuid);
  const stored = await conversations.readSummaries(table, [
    { uuid: messageGroupUuid, members: roster.members },
  ]);
  const read = new Map<number, Promise<Entry | undefined>>();
  const entryAt = (seq: number) => {
    const entry = read.get(seq) ?? entries.get(table, messageGroupUuid, seq);
    read.set(seq, entry);
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

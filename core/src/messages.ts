import { createHash } from 'node:crypto';
import type { Entry, Person } from './entries.ts';
import * as entries from './entries.ts';
import { AppError } from './errors.ts';
import type { Log } from './log.ts';
import * as members from './members.ts';
import * as messageGroups from './message-groups.ts';
import * as summaries from './summaries.ts';
import type { Table } from './table/client.ts';
import { conversationUuid } from './uuids.ts';

export type Send = {
  sender: Person;
  message: string;
  idempotencyKey?: string | undefined;
  knownSeq?: number | undefined;
};

/**
 * Appends a message to a conversation the sender is in. Safe to repeat with the same key: answers the first entry.
 * Throws `message_group_not_found`, `idempotency_conflict`, `busy`.
 */
export async function send(log: Log, input: Send & { messageGroupUuid: string }): Promise<Entry> {
  const entry = await log.append({ ...input, bodyHash: bodyHash(input.message) });
  // Without this the sender would see the own message as unread until the trailing pass.
  if (entry.large) await summaries.markSent(log.table, entry);
  return entry;
}

/** Sends to a person: into the direct conversation of the two, which the first message creates. */
export async function sendDirect(
  log: Log,
  { recipient, ...input }: Send & { recipient: Person },
): Promise<Entry> {
  if (recipient.uuid === input.sender.uuid) throw new AppError('user_reciever_handle_self');
  const messageGroupUuid = conversationUuid(input.sender.uuid, recipient.uuid);
  try {
    return await send(log, { messageGroupUuid, ...input });
  } catch (error) {
    if (!(error instanceof AppError) || !error.codes.includes('message_group_not_found')) throw error;
  }
  const first = await messageGroups.createDirect(log, {
    messageGroupUuid,
    recipient,
    ...input,
    bodyHash: bodyHash(input.message),
  });
  // Who loses the race to create it appends.
  return first ?? send(log, { messageGroupUuid, ...input });
}

/** What tells a repeated request from another one that reuses its key. */
const bodyHash = (message: string) => createHash('sha256').update(message).digest('base64url').slice(0, 22);

export type ListInput = {
  userUuid: string;
  messageGroupUuid: string;
  limit: number;
  beforeSeq?: number | undefined;
  afterSeq?: number | undefined;
};

/**
 * A page of a conversation's log, oldest entry first: the newest page, the one before `beforeSeq`, or the one after
 * `afterSeq`. `hasMore` speaks of that direction. Throws `message_group_not_found` where the caller is no member.
 */
export async function list(
  table: Table,
  { userUuid, messageGroupUuid, limit, beforeSeq, afterSeq }: ListInput,
) {
  const isForward = afterSeq !== undefined;
  const page = await entries.range(table, messageGroupUuid, {
    from: isForward ? afterSeq + 1 : 1,
    to: beforeSeq === undefined ? undefined : beforeSeq - 1,
    order: isForward ? 'ascending' : 'descending',
    limit,
  });
  // Looked at last: what was read before it, the caller was allowed to read.
  const member = await members.get(table, messageGroupUuid, userUuid);
  if (!member) throw new AppError('message_group_not_found');
  if (!isForward) page.entries.reverse();
  const first = page.entries[0];
  // A log is dense from 1, so the page itself tells whether older entries exist.
  const hasMore = isForward ? !page.isComplete : first !== undefined && first.seq > 1;
  return { entries: page.entries, hasMore };
}

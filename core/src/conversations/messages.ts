import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Entry, Person } from '../log/entries.ts';
import type { Log } from '../log/log.ts';
import * as messageGroups from './message-groups.ts';
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

import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Entry, Person } from '../log/entries.ts';
import type { Log } from '../log/log.ts';
import { createDirect } from './create-direct.ts';
import { conversationUuid } from './uuids.ts';

export type Send = {
  sender: Person;
  message: string;
  idempotencyKey?: string | undefined;
  knownSeq?: number | undefined;
};

/**
 * Appends a message to a conversation of the sender. A repeat with the same key returns the first entry.
 * Throws `message_group_not_found`, `idempotency_conflict`, `busy`.
 */
export async function send(log: Log, input: Send & { messageGroupUuid: string }): Promise<Entry> {
  const entry = await log.append({ ...input, bodyHash: bodyHash(input.message) });
  // Without this, the sender would see this message as unread until the trailing pass.
  if (entry.large) await summaries.markSent(log.table, entry);
  return entry;
}

/** Sends to a person in their direct conversation. The first message creates it. Throws as `send` does. */
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
  const first = await createDirect(log, {
    messageGroupUuid,
    recipient,
    ...input,
    bodyHash: bodyHash(input.message),
  });
  // If another send has just created the conversation, append to it.
  return first ?? send(log, { messageGroupUuid, ...input });
}

/** Distinguishes a repeated request from a different one with the same key. */
const bodyHash = (message: string) => createHash('sha256').update(message).digest('base64url').slice(0, 22);

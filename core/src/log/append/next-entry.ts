import { flagsOf } from '@parley/contract/entry-kinds';
import type { Entry } from '../entries.ts';
import type { Append, Draft } from './job.ts';
import type { Tail } from './tail.ts';

type Options = { messageUuid: string; createdAt: string; isLarge: boolean };

/** The entry of a draft. Its number is `offset` after the tail's. */
export function nextEntry(
  tail: Pick<Tail, 'uuid' | 'seq' | 'messageCount'>,
  offset: number,
  { author, ...draft }: Draft,
  { messageUuid, createdAt, isLarge }: Options,
): Entry {
  // `assign`, as in `entryItem`.
  return Object.assign(draft, {
    message_group_uuid: tail.uuid,
    seq: tail.seq + offset,
    message_uuid: messageUuid,
    user_uuid: author.uuid,
    user_handle: author.handle,
    user_display_name: author.display_name,
    created_at: createdAt,
    message_count: tail.messageCount + (flagsOf(draft).countsAsMessage ? offset : 0),
    ...(isLarge && { large: true as const }),
  });
}

/** The `created_at` of the next entry. It is never earlier than the newest entry's, even if another clock is ahead. */
export const timestamp = (nowMs: number, { createdAtMs }: Pick<Tail, 'createdAtMs'>) =>
  new Date(Math.max(nowMs, createdAtMs)).toISOString();

export const messageDraft = ({ sender, message, idempotencyKey, bodyHash }: Append): Draft => ({
  type: 'message',
  message,
  author: sender,
  ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
});

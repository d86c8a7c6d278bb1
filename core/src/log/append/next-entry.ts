import { flagsOf } from '@parley/contract/entry-kinds';
import type { Entry } from '../entries.ts';
import type { Append, Draft } from './job.ts';
import type { Tail } from './tail.ts';

type Place = Pick<Tail, 'uuid' | 'seq' | 'messageCount'>;
type Options = { messageUuid: string; createdAt: string; isLarge: boolean };

/** The entry that a draft becomes, `offset` places behind the tail. */
export function nextEntry(
  tail: Place,
  offset: number,
  { author, ...draft }: Draft,
  { messageUuid, createdAt, isLarge }: Options,
): Entry {
  // Assigned, as in `entryItem`.
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

/** The time of the next entry: never before the newest one, however the clocks of the nodes differ. */
export const timestamp = (nowMs: number, { createdAtMs }: Pick<Tail, 'createdAtMs'>) =>
  new Date(Math.max(nowMs, createdAtMs)).toISOString();

export const messageDraft = ({ sender, message, idempotencyKey, bodyHash }: Append): Draft => ({
  type: 'message',
  message,
  author: sender,
  ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
});

import { isHidden, readPosition, type Summary, unreadCount } from '@parley/core/inbox/summaries';
import { erasedIn } from '@parley/core/log/erased';
import type { Name } from '@parley/core/people/names';
import { count, seq, time, uuid } from '../http/schemas.ts';
import { z } from '../http/zod.ts';

export const settingsSchema = z
  .object({
    muted: z.boolean().openapi({ description: 'Nobody is notified, and it is not counted as unread' }),
    hidden: z.boolean().openapi({ description: 'Put away until its next message' }),
  })
  .openapi('Settings');

export const presentSettings = (summary: Summary): z.input<typeof settingsSchema> => ({
  muted: summary.muted ?? false,
  hidden: isHidden(summary),
});

export const inboxRowSchema = z
  .object({
    uuid: uuid.openapi({ description: 'The conversation' }),
    kind: z.enum(['direct', 'group']),
    display_name: z.string().openapi({ description: 'The other person, or the title of a group' }),
    handle: z.string().nullable().openapi({ description: 'The other person; null for a group' }),
    user_uuid: uuid.nullable().openapi({ description: 'The other person; null for a group' }),
    message: z
      .string()
      .openapi({ description: 'The beginning of the newest message; empty where its author was erased' }),
    created_at: time.openapi({ description: 'The time of the newest message' }),
    last_seq: seq,
    unread_count: count.openapi({ description: 'Messages after read_seq, up to last_seq' }),
    read_seq: seq,
    ...settingsSchema.shape,
    settings_version: count.openapi({ description: 'Counts the changes of muted and hidden' }),
  })
  .openapi('InboxRow');

/** Whose names a row needs: the other person's, and the sender's, whose text is not shown once they are erased. */
export const namedIn = ({ user_uuid, sender_uuid }: Summary) =>
  user_uuid === undefined ? [sender_uuid] : [user_uuid, sender_uuid];

export function presentInboxRow(summary: Summary, names: Map<string, Name>): z.input<typeof inboxRowSchema> {
  return {
    uuid: summary.message_group_uuid,
    kind: summary.kind,
    ...heading(summary, names),
    message: erasedIn(names)(summary.sender_uuid) ? '' : summary.message,
    created_at: summary.last_message_at,
    last_seq: summary.last_seq,
    unread_count: unreadCount(summary),
    read_seq: readPosition(summary).seq,
    ...presentSettings(summary),
    settings_version: summary.settings_version ?? 0,
  };
}

function heading(summary: Summary, names: Map<string, Name>) {
  if (summary.kind === 'group') return { display_name: summary.title ?? '', handle: null, user_uuid: null };
  const name = names.get(summary.user_uuid ?? '');
  return {
    display_name: name?.display_name ?? summary.user_display_name ?? '',
    handle: name?.handle ?? summary.user_handle ?? '',
    user_uuid: summary.user_uuid ?? null,
  };
}

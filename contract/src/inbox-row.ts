import { count, seq, time, tone, uuid } from './fields.ts';
import { z } from './zod.ts';

export const settingsSchema = z
  .object({
    muted: z
      .boolean()
      .openapi({ description: 'No notifications, and not in the number of unread conversations' }),
    hidden: z.boolean().openapi({ description: 'Left out of the inbox until its next message' }),
  })
  .openapi('Settings');
export type Settings = z.output<typeof settingsSchema>;

export const changeSettingsBody = settingsSchema
  .partial()
  .refine(({ muted, hidden }) => muted !== undefined || hidden !== undefined)
  .openapi('ChangeSettings');

export const inboxRowSchema = z
  .object({
    uuid: uuid.openapi({ description: 'The conversation' }),
    kind: z.enum(['direct', 'group']),
    display_name: z.string().openapi({ description: 'The other person, or the title of a group' }),
    handle: z.string().nullable().openapi({ description: 'The other person; null for a group' }),
    user_uuid: uuid.nullable().openapi({ description: 'The other person; null for a group' }),
    tone,
    message: z
      .string()
      .openapi({ description: 'The beginning of the newest message; empty if its author was erased' }),
    sender_uuid: uuid.openapi({ description: 'Who wrote the newest entry' }),
    sender_display_name: z
      .string()
      .openapi({ description: 'Empty where the name is not known at the moment' }),
    created_at: time.openapi({ description: 'The time of the newest message' }),
    last_seq: seq,
    unread_count: count.openapi({ description: 'Messages after read_seq, up to last_seq' }),
    read_seq: seq,
    ...settingsSchema.shape,
    settings_version: count.openapi({ description: 'Counts the changes of muted and hidden' }),
  })
  .openapi('InboxRow');
export type InboxRow = z.output<typeof inboxRowSchema>;

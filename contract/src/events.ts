import { entrySchema } from './entry.ts';
import { seq, uuid } from './fields.ts';
import { inboxRowSchema } from './inbox-row.ts';
import { z } from './zod.ts';

/** Every event that a socket may receive, and its data. */
export const events = {
  'message.created': entrySchema,
  'message_group.updated': inboxRowSchema,
  'message_group.read': z.object({ message_group_uuid: uuid, user_uuid: uuid, read_seq: seq }),
  typing: z.object({ message_group_uuid: uuid, user_uuid: uuid }),
  presence: z.object({ user_uuid: uuid, online: z.boolean() }),
  membership: z.object({
    message_group_uuid: uuid,
    user_uuid: uuid,
    change: z.enum(['added', 'removed', 'role_changed']),
  }),
  erased: z.object({ message_group_uuid: uuid, user_uuid: uuid }),
  resync: z.object({}),
} satisfies Record<string, z.ZodObject>;

export type EventName = keyof typeof events;
export type EventData<Name extends EventName> = z.output<(typeof events)[Name]>;

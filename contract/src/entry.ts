import { entryTypes } from './entry-kinds.ts';
import { seq, time, tone, uuid } from './fields.ts';
import { z } from './zod.ts';

export const entrySchema = z
  .object({
    uuid: uuid.openapi({ description: 'The message' }),
    seq: seq.openapi({ description: 'Its number in the conversation, from 1 and without gaps' }),
    type: z.enum(entryTypes),
    message_group_uuid: uuid,
    user_uuid: uuid,
    display_name: z.string(),
    handle: z.string(),
    tone,
    message: z.string().openapi({ description: 'Empty if its author was erased' }),
    created_at: time,
  })
  .openapi('Entry');
export type Entry = z.output<typeof entrySchema>;

export const historyParams = z.object({ message_group_uuid: uuid });

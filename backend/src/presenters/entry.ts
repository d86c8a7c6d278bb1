import type { Entry } from '@parley/core/log/entries';
import { erasedIn, withoutErased } from '@parley/core/log/erased';
import type { Name } from '@parley/core/people/names';
import { seq, time, uuid } from '../http/schemas.ts';
import { z } from '../http/zod.ts';

export const entrySchema = z
  .object({
    uuid: uuid.openapi({ description: 'The message' }),
    seq: seq.openapi({ description: 'Its place in the conversation, from 1 and without holes' }),
    type: z.enum([
      'message',
      'group_created',
      'members_added',
      'member_removed',
      'role_changed',
      'title_changed',
    ]),
    message_group_uuid: uuid,
    user_uuid: uuid,
    display_name: z.string(),
    handle: z.string(),
    message: z.string().openapi({ description: 'Empty where its author was erased' }),
    created_at: time,
  })
  .openapi('Entry');

/**
 * Names are those of now, of everybody whom the entry names; the ones stored with it stand in while nobody can be asked.
 * What is of erased people is not shown, wherever the entry comes from.
 */
export function presentEntry(stored: Entry, names: Map<string, Name>): z.input<typeof entrySchema> {
  const entry = withoutErased(stored, erasedIn(names));
  const name = names.get(entry.user_uuid);
  return {
    uuid: entry.message_uuid,
    seq: entry.seq,
    type: entry.type,
    message_group_uuid: entry.message_group_uuid,
    user_uuid: entry.user_uuid,
    display_name: name?.display_name ?? entry.user_display_name,
    handle: name?.handle ?? entry.user_handle,
    message: entry.message,
    created_at: entry.created_at,
  };
}

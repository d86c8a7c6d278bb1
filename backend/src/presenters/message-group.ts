import type { Details } from '@parley/core/conversations/message-groups';
import { readPosition, unreadCount } from '@parley/core/inbox/summaries';
import type { Name } from '@parley/core/people/names';
import { count, seq, uuid } from '../http/schemas.ts';
import { z } from '../http/zod.ts';
import { presentSettings, settingsSchema } from './inbox-row.ts';

const memberSchema = z
  .object({
    uuid: uuid.openapi({ description: 'The person' }),
    handle: z.string(),
    display_name: z.string(),
    role: z.enum(['admin', 'member']),
    read_seq: seq.nullable().openapi({
      description: 'Null until this person has read or sent something, and in groups of more than 50',
    }),
  })
  .openapi('Member');

export const messageGroupSchema = z
  .object({
    uuid,
    kind: z.enum(['direct', 'group']),
    title: z.string().nullable().openapi({ description: 'Null for a direct conversation' }),
    members: z
      .array(memberSchema)
      .openapi({ description: 'The first 100; a Link header leads to the others' }),
    last_seq: seq,
    unread_count: count,
    read_seq: seq,
    ...settingsSchema.shape,
  })
  .openapi('MessageGroup');

const { uuid: groupUuid, kind, title, members } = messageGroupSchema.shape;

export const newMessageGroupSchema = z
  .object({ uuid: groupUuid, message_group_uuid: uuid, kind, title, members })
  .openapi('NewMessageGroup');

/** Members' names are not stored with the conversation: `names` has to hold them. */
export function presentMessageGroup(
  { group, summary, members }: Details,
  names: Map<string, Name>,
): z.input<typeof messageGroupSchema> {
  return {
    uuid: group.message_group_uuid,
    kind: group.kind,
    title: group.title ?? null,
    members: members.map(({ user_uuid, role, read_seq }) => ({
      uuid: user_uuid,
      handle: names.get(user_uuid)?.handle ?? '',
      display_name: names.get(user_uuid)?.display_name ?? '',
      role,
      read_seq,
    })),
    last_seq: summary.last_seq,
    unread_count: unreadCount(summary),
    read_seq: readPosition(summary).seq,
    ...presentSettings(summary),
  };
}

export const presentNewMessageGroup = ({
  uuid,
  kind,
  title,
  members,
}: z.input<typeof messageGroupSchema>): z.input<typeof newMessageGroupSchema> => ({
  uuid,
  message_group_uuid: uuid,
  kind,
  title,
  members,
});

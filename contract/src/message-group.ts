import type { ErrorCode } from './errors.ts';
import { count, handle, nameText, seq, seqOr, tone, uuid } from './fields.ts';
import { settingsSchema } from './inbox-row.ts';
import { titleMaxChars } from './limits.ts';
import { isBlank } from './visible.ts';
import { z } from './zod.ts';

export const memberSchema = z
  .object({
    uuid: uuid.openapi({ description: 'The person' }),
    handle: z.string(),
    display_name: z.string(),
    tone,
    role: z.enum(['admin', 'member']),
    read_seq: seq.nullable().openapi({
      description: 'Null until this person has read or sent something, and in groups of more than 50 members',
    }),
  })
  .openapi('Member');
export type Member = z.output<typeof memberSchema>;
export type Role = Member['role'];

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
export type MessageGroup = z.output<typeof messageGroupSchema>;

const shape = messageGroupSchema.shape;

export const newMessageGroupSchema = z
  .object({
    uuid: shape.uuid,
    message_group_uuid: uuid,
    kind: shape.kind,
    title: shape.title,
    members: shape.members,
  })
  .openapi('NewMessageGroup');
export type NewMessageGroup = z.output<typeof newMessageGroupSchema>;

const titleTooLong: ErrorCode = `title_exceed_max_chars_${titleMaxChars}`;
export const titleCodes: ErrorCode[] = ['title_blank', titleTooLong, 'text_not_well_formed'];

const title = nameText({
  max: titleMaxChars,
  blank: 'title_blank',
  tooLong: titleTooLong,
  illFormed: 'text_not_well_formed',
});

const handlesInvalid = 'handles_invalid' satisfies ErrorCode;

/** A new group may name at most `maxPeople` people. */
export const newGroupBody = (maxPeople: number) =>
  z
    .object({
      title,
      handles: z
        .array(
          z.string(handlesInvalid).refine((handle) => !isBlank(handle), handlesInvalid),
          handlesInvalid,
        )
        .min(1, handlesInvalid)
        .max(maxPeople, handlesInvalid),
    })
    .openapi('NewGroup');
export type NewGroupBody = z.output<ReturnType<typeof newGroupBody>>;

export const renameBody = z.object({ title }).openapi('Rename');
export const newMemberBody = z.object({ handle }).openapi('NewMember');
export const newRoleBody = z
  .object({ role: z.enum(['admin', 'member'], 'role_invalid' satisfies ErrorCode) })
  .openapi('NewRole');

export const markReadBody = z.object({ seq: seqOr('seq_invalid') }).openapi('MarkRead');
export const readPositionSchema = z.object({ read_seq: seq, unread_count: count }).openapi('ReadPosition');
export type ReadPosition = z.output<typeof readPositionSchema>;

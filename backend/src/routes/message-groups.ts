import { isBlank } from '@parley/contract/visible';
import * as messageGroups from '@parley/core/conversations/message-groups';
import { AppError, type ErrorCode } from '@parley/core/errors';
import * as summaries from '@parley/core/inbox/summaries';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { titleMaxChars } from '../http/limits.ts';
import { linkNext } from '../http/links.ts';
import { route } from '../http/route.ts';
import { count, cursor, limit, nameText, seq, seqOr, uuidParams } from '../http/schemas.ts';
import { z } from '../http/zod.ts';
import { membersPerPage, showDetails } from '../presenters/group-details.ts';
import {
  inboxRowSchema,
  namedIn,
  presentInboxRow,
  presentSettings,
  settingsSchema,
} from '../presenters/inbox-row.ts';
import {
  messageGroupSchema,
  newMessageGroupSchema,
  presentNewMessageGroup,
} from '../presenters/message-group.ts';

const { maxPeoplePerTransaction } = messageGroups;
const titleTooLong: ErrorCode = `title_exceed_max_chars_${titleMaxChars}`;
const titleCodes: ErrorCode[] = ['title_blank', titleTooLong, 'text_not_well_formed'];

const title = nameText({
  max: titleMaxChars,
  blank: 'title_blank',
  tooLong: titleTooLong,
  illFormed: 'text_not_well_formed',
});

const handlesInvalid = 'handles_invalid' satisfies ErrorCode;
const handles = z
  .array(
    z.string(handlesInvalid).refine((handle) => !isBlank(handle), handlesInvalid),
    handlesInvalid,
  )
  .min(1, handlesInvalid)
  .max(maxPeoplePerTransaction, handlesInvalid);

const createBody = z.object({ title, handles }).openapi('NewGroup');
const renameBody = z.object({ title }).openapi('Rename');
const readBody = z.object({ seq: seqOr('seq_invalid') }).openapi('MarkRead');
const settingsBody = settingsSchema
  .partial()
  .refine(({ muted, hidden }) => muted !== undefined || hidden !== undefined)
  .openapi('ChangeSettings');
const hidden = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true')
  .openapi({ type: 'string', enum: ['true', 'false'], default: 'false' });
const shortCount = (count: number) => (count < 100 ? String(count) : '99+');
const inboxPosition = z.object({ last_message_at: z.string(), message_group_uuid: z.string() });

export const messageGroupRoutes = (ctx: Context) => [
  route({
    operationId: 'listMessageGroups',
    method: 'get',
    path: '/api/message_groups',
    summary: 'Your conversations, the one with the newest message first',
    query: z.object({ limit: limit(20), cursor, hidden }),
    response: z.array(inboxRowSchema),
    headers: ['Link', 'Parley-Unread-Conversations'],
    async handle({ user, query: { limit, cursor, hidden }, res }) {
      const which = hidden ? 'hidden' : 'shown';
      const scope = ['message_groups', which, user.uuid];
      const after = cursor === undefined ? undefined : ctx.cursors.open(scope, cursor, inboxPosition);
      const page = await summaries.list(ctx.table, ctx.heads, { userUuid: user.uuid, limit, after, which });
      if (page.next) {
        const rest = { limit, ...(hidden && { hidden: 'true' }) };
        linkNext(res, '/api/message_groups', { ...rest, cursor: ctx.cursors.seal(scope, page.next) });
      }
      if (page.unreadConversations && !hidden)
        res.set('Parley-Unread-Conversations', shortCount(page.unreadConversations.count));
      const names = await ctx.people.names(page.summaries.flatMap(namedIn));
      return page.summaries.map((summary) => presentInboxRow(summary, names));
    },
  }),
  route({
    operationId: 'createMessageGroup',
    method: 'post',
    path: '/api/message_groups',
    summary: 'Create a group with these people and yourself, its admin',
    takesIdempotencyKey: true,
    body: createBody,
    response: newMessageGroupSchema,
    errors: [
      ...titleCodes,
      handlesInvalid,
      'user_not_found',
      'message_group_not_found',
      'idempotency_conflict',
    ],
    async handle({ user, body, idempotencyKey, res }) {
      const found = await users.findByHandles(ctx.pool, body.handles);
      if (!body.handles.every((handle) => found.has(handle))) throw new AppError('user_not_found');
      const { group } = await messageGroups.create(ctx.log, {
        creator: user,
        title: body.title,
        people: [...found.values()],
        idempotencyKey,
      });
      const input = { user, messageGroupUuid: group.message_group_uuid };
      return presentNewMessageGroup(await showDetails(ctx, res, input));
    },
  }),
  route({
    operationId: 'getMessageGroup',
    method: 'get',
    path: '/api/message_groups/:uuid',
    summary: 'A conversation and its members',
    params: uuidParams,
    query: z.object({ limit: limit(membersPerPage), cursor }),
    response: messageGroupSchema,
    headers: ['Link'],
    errors: ['message_group_not_found'],
    handle: ({ user, params, query, res }) =>
      showDetails(ctx, res, { user, messageGroupUuid: params.uuid, ...query }),
  }),
  route({
    operationId: 'renameMessageGroup',
    method: 'put',
    path: '/api/message_groups/:uuid',
    summary: 'Rename a group (admins)',
    params: uuidParams,
    body: renameBody,
    response: messageGroupSchema,
    headers: ['Link'],
    errors: [...titleCodes, 'message_group_not_found', 'generic_403', 'direct_conversation'],
    async handle({ user, params, body, res }) {
      const messageGroupUuid = params.uuid;
      await messageGroups.rename(ctx.log, { messageGroupUuid, actor: user, title: body.title });
      return showDetails(ctx, res, { user, messageGroupUuid });
    },
  }),
  route({
    operationId: 'markMessageGroupRead',
    method: 'put',
    path: '/api/message_groups/:uuid/read',
    summary: 'Mark a conversation as read up to an entry; never moves back, nor past the newest',
    params: uuidParams,
    body: readBody,
    response: z.object({ read_seq: seq, unread_count: count }).openapi('ReadPosition'),
    errors: ['message_group_not_found', 'seq_invalid'],
    handle({ user, params, body }) {
      const input = { userUuid: user.uuid, messageGroupUuid: params.uuid, seq: body.seq };
      return ctx.gateway.markRead(input);
    },
  }),
  route({
    operationId: 'changeMessageGroupSettings',
    method: 'put',
    path: '/api/message_groups/:uuid/settings',
    summary: 'Mute a conversation for yourself, or put it away until its next message',
    params: uuidParams,
    body: settingsBody,
    response: settingsSchema,
    errors: ['message_group_not_found'],
    async handle({ user, params, body }) {
      const input = { userUuid: user.uuid, messageGroupUuid: params.uuid, ...body };
      return presentSettings(await ctx.gateway.changeSettings(input));
    },
  }),
];

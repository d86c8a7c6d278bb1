import { cursor, limit, uuidParams } from '@parley/contract/fields';
import { inboxRowSchema } from '@parley/contract/inbox-row';
import {
  messageGroupSchema,
  newGroupBody,
  newMessageGroupSchema,
  renameBody,
  titleCodes,
} from '@parley/contract/message-group';
import { z } from '@parley/contract/zod';
import * as messageGroups from '@parley/core/conversations/message-groups';
import { AppError } from '@parley/core/errors';
import * as summaries from '@parley/core/inbox/summaries';
import * as users from '@parley/core/people/users';
import type { Response } from 'express';
import type { Context } from '../context.ts';
import { linkNext } from '../http/links.ts';
import { route } from '../http/route.ts';
import { membersPerPage, showDetails } from '../presenters/group-details.ts';
import { namedIn, presentInboxRow } from '../presenters/inbox-row.ts';
import { presentNewMessageGroup } from '../presenters/message-group.ts';

const { maxPeoplePerTransaction } = messageGroups;
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
    handle: ({ user, query, res }) => listInbox(ctx, res, { userUuid: user.uuid, ...query }),
  }),
  route({
    operationId: 'createMessageGroup',
    method: 'post',
    path: '/api/message_groups',
    summary: 'Create a group with these people, with yourself as its admin',
    takesIdempotencyKey: true,
    body: newGroupBody(maxPeoplePerTransaction),
    response: newMessageGroupSchema,
    errors: [
      ...titleCodes,
      'handles_invalid',
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
];

type InboxQuery = { userUuid: string; limit: number; cursor?: string | undefined; hidden: boolean };

/** A page of the caller's rows, with a link to the next one. */
async function listInbox(ctx: Context, res: Response, { userUuid, limit, cursor, hidden }: InboxQuery) {
  const which = hidden ? 'hidden' : 'shown';
  const scope = ['message_groups', which, userUuid];
  const after = cursor === undefined ? undefined : ctx.cursors.open(scope, cursor, inboxPosition);
  const page = await summaries.list(ctx.table, ctx.newestEntries, {
    userUuid,
    limit,
    after,
    which,
  });
  if (page.next) {
    const rest = { limit, ...(hidden && { hidden: 'true' }) };
    linkNext(res, '/api/message_groups', { ...rest, cursor: ctx.cursors.seal(scope, page.next) });
  }
  if (page.unreadConversations && !hidden)
    res.set('Parley-Unread-Conversations', shortCount(page.unreadConversations.count));
  const names = await ctx.people.names(page.summaries.flatMap(namedIn));
  return page.summaries.map((summary) => presentInboxRow(summary, names));
}

import { entrySchema, historyParams } from '@parley/contract/entry';
import { limit, seqInQuery } from '@parley/contract/fields';
import { sendBody, sendCodes } from '@parley/contract/send';
import { z } from '@parley/contract/zod';
import { peopleOf } from '@parley/core/log/erased';
import type { Context } from '../context.ts';
import { linkNext } from '../http/links.ts';
import { route } from '../http/route.ts';
import { presentEntry } from '../presenters/entry.ts';
import { sendMessage } from '../send-message.ts';

const historyQuery = z.object({ limit: limit(20), before_seq: seqInQuery, after_seq: seqInQuery });

export const messageRoutes = (ctx: Context) => [
  route({
    operationId: 'listMessages',
    method: 'get',
    path: '/api/messages/:message_group_uuid',
    summary: 'A page of entries, oldest first: the newest, or the one before or after a sequence number',
    params: historyParams,
    query: historyQuery,
    response: z.array(entrySchema),
    headers: ['Link'],
    errors: ['message_group_not_found'],
    async handle({ user, params, query: { limit, before_seq, after_seq }, res }) {
      const messageGroupUuid = params.message_group_uuid;
      const { entries, hasMore } = await ctx.pages.list({
        userUuid: user.uuid,
        messageGroupUuid,
        limit,
        beforeSeq: before_seq,
        afterSeq: after_seq,
      });
      const [first, last] = [entries[0], entries.at(-1)];
      if (hasMore && first && last) {
        const older = { limit, before_seq: first.seq };
        const newer = { limit, ...(before_seq !== undefined && { before_seq }), after_seq: last.seq };
        linkNext(res, `/api/messages/${messageGroupUuid}`, after_seq === undefined ? older : newer);
      }
      const names = await ctx.people.names(entries.flatMap(peopleOf));
      return entries.map((entry) => presentEntry(entry, names));
    },
  }),
  route({
    operationId: 'sendMessage',
    method: 'post',
    path: '/api/messages',
    summary: 'Send a message to a conversation, or to a person by handle',
    takesIdempotencyKey: true,
    body: sendBody(ctx.config.MESSAGE_MAX_CHARS),
    response: entrySchema,
    errors: [
      ...sendCodes(ctx.config.MESSAGE_MAX_CHARS),
      'message_group_not_found',
      'user_not_found',
      'user_reciever_handle_self',
      'idempotency_conflict',
    ],
    async handle({ user, body, idempotencyKey, req }) {
      const entry = await sendMessage(ctx, { sender: user, body, idempotencyKey });
      ctx.logger.debug({ request_id: req.id, message_uuid: entry.message_uuid }, 'appended');
      return presentEntry(entry, new Map([[user.uuid, user]]));
    },
  }),
];

import { uuidParams } from '@parley/contract/fields';
import { changeSettingsBody, settingsSchema } from '@parley/contract/inbox-row';
import { markReadBody, readPositionSchema } from '@parley/contract/message-group';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { presentSettings } from '../presenters/inbox-row.ts';

/** Changes to the caller's own row of a conversation. */
export const ownRowRoutes = (ctx: Context) => [
  route({
    operationId: 'markMessageGroupRead',
    method: 'put',
    path: '/api/message_groups/:uuid/read',
    summary:
      'Mark a conversation as read up to an entry; the position never moves back or past the newest entry',
    params: uuidParams,
    body: markReadBody,
    response: readPositionSchema,
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
    summary: 'Mute a conversation for yourself, or hide it until its next message',
    params: uuidParams,
    body: changeSettingsBody,
    response: settingsSchema,
    errors: ['message_group_not_found'],
    async handle({ user, params, body }) {
      const input = { userUuid: user.uuid, messageGroupUuid: params.uuid, ...body };
      return presentSettings(await ctx.gateway.changeSettings(input));
    },
  }),
];

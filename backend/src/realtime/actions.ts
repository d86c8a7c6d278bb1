import { readPayload, sendPayload, typingPayload } from '@parley/contract/frames';
import { AppError } from '@parley/core/errors';
import { isLarge } from '@parley/core/live/push';
import type { Rosters } from '@parley/core/log/rosters';
import { LRUCache } from 'lru-cache';
import type { Session } from '../auth/sessions.ts';
import type { Context } from '../context.ts';
import { parse } from '../http/route.ts';
import { presentEntry } from '../presenters/entry.ts';
import { sendMessage } from '../routes/messages.ts';
import { RateLimited } from './frame-errors.ts';
import { rosterMaxAgeMs } from './news.ts';

export type ActionsContext = Pick<Context, 'config' | 'log' | 'pages' | 'pool'> & {
  rosters: Rosters;
  markRead: (input: { userUuid: string; messageGroupUuid: string; seq: number }) => Promise<unknown>;
  tellTyping: (messageGroupUuid: string, userUuid: string) => void;
};

/** Typing is told this often at most, for each person and conversation. */
const typingPauseMs = 1_000;

type Action = (session: Session, payload: unknown) => Promise<unknown>;

/** What a person may ask for on a socket. Each answers its data, or throws an AppError. */
export function createActions(ctx: ActionsContext): Record<string, Action> {
  const send = sendPayload(ctx.config.MESSAGE_MAX_CHARS);

  const typingLately = new LRUCache<string, true>({ max: 10_000, ttl: typingPauseMs });

  return {
    async 'message.send'(session, payload) {
      const body = parse(send.body, payload, 'body_invalid');
      const { idempotency_key } = parse(send.key, payload, 'body_invalid');
      const { user } = session;
      const entry = await sendMessage(ctx, {
        sender: user,
        body,
        idempotencyKey: idempotency_key ?? undefined,
      });
      return presentEntry(entry, new Map([[user.uuid, user]]));
    },

    async 'message_group.read'(session, payload) {
      const { message_group_uuid, seq } = parse(readPayload, payload, 'body_invalid');
      return ctx.markRead({ userUuid: session.user.uuid, messageGroupUuid: message_group_uuid, seq });
    },

    async typing({ user }, payload) {
      const { message_group_uuid } = parse(typingPayload, payload, 'body_invalid');
      const key = `${user.uuid} ${message_group_uuid}`;
      if (typingLately.has(key)) throw new RateLimited(typingPauseMs / 1_000);
      typingLately.set(key, true);
      const roster = await ctx.rosters.get(message_group_uuid, { maxAgeMs: rosterMaxAgeMs });
      if (!roster?.has(user.uuid)) throw new AppError('message_group_not_found');
      if (!isLarge(roster)) ctx.tellTyping(message_group_uuid, user.uuid);
      return {};
    },

    async ping() {
      return {};
    },
  };
}

import { typingPayload } from '@parley/contract/frames';
import { AppError } from '@parley/core/errors';
import { isLarge } from '@parley/core/live/push';
import { LRUCache } from 'lru-cache';
import { parse } from '../../http/route.ts';
import { rosterMaxAgeMs } from '../audience.ts';
import { RateLimited } from '../frame-errors.ts';
import type { CreateCommand } from './command.ts';

/** Typing is published this often at most, for each person and conversation. */
const pauseMs = 1_000;

export const typing: CreateCommand = ({ rosters, publisher }) => {
  const recent = new LRUCache<string, true>({ max: 10_000, ttl: pauseMs });
  return {
    cost: 'request',
    async answer({ user }, payload) {
      const { message_group_uuid } = parse(typingPayload, payload, 'body_invalid');
      const key = `${user.uuid} ${message_group_uuid}`;
      if (recent.has(key)) throw new RateLimited(pauseMs / 1_000);
      recent.set(key, true);
      const roster = await rosters.get(message_group_uuid, { maxAgeMs: rosterMaxAgeMs });
      if (!roster?.has(user.uuid)) throw new AppError('message_group_not_found');
      if (!isLarge(roster))
        publisher.publishInBackground({ event: 'typing', message_group_uuid, user_uuid: user.uuid });
      return {};
    },
  };
};

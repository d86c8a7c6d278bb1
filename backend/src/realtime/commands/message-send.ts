import { type Answers, sendPayload } from '@parley/contract/frames';
import { parse } from '../../http/route.ts';
import { presentEntry } from '../../presenters/entry.ts';
import { sendMessage } from '../../send-message.ts';
import type { CreateCommand } from './command.ts';

export const messageSend: CreateCommand = (parts) => {
  const { logger } = parts;
  const schemas = sendPayload(parts.config.MESSAGE_MAX_CHARS);
  return {
    cost: 'request',
    async answer({ user }, payload): Promise<Answers['message.send']> {
      const body = parse(schemas.body, payload, 'body_invalid');
      const { idempotency_key } = parse(schemas.key, payload, 'body_invalid');
      const entry = await sendMessage(parts, {
        sender: user,
        body,
        idempotencyKey: idempotency_key ?? undefined,
      });
      return presentEntry(entry, new Map([[user.uuid, user]]));
    },
    /** The trail of a message begins here: its uuid is on every line about it. */
    onAnswered(data, ids) {
      if (!logger.isLevelEnabled('debug')) return;
      const { uuid } = data as Answers['message.send'];
      logger.debug({ message_uuid: uuid, ...ids }, 'appended');
    },
  };
};

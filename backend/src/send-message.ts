import { type SendBody, targetOf } from '@parley/contract/send';
import * as messages from '@parley/core/conversations/messages';
import { AppError } from '@parley/core/errors';
import type { Entry } from '@parley/core/log/entries';
import * as users from '@parley/core/people/users';
import type { Parts } from './parts.ts';

export type SendParts = Pick<Parts, 'log' | 'pages' | 'pool'>;
export type SendInput = { sender: users.User; body: SendBody; idempotencyKey: string | undefined };

/** Sends a message, over HTTP or a socket. A repeat with the same key answers the first entry. */
export async function sendMessage(parts: SendParts, input: SendInput): Promise<Entry> {
  const entry = await append(parts, input);
  parts.pages.observe(entry);
  return entry;
}

async function append({ log, pool }: SendParts, { sender, body, idempotencyKey }: SendInput) {
  const send = { sender, message: body.message, idempotencyKey, knownSeq: body.known_seq ?? undefined };
  const target = targetOf(body);
  if ('messageGroupUuid' in target) return messages.send(log, { ...send, ...target });
  const recipient = await users.findByHandle(pool, target.handle);
  if (!recipient) throw new AppError('user_not_found');
  return messages.sendDirect(log, { ...send, recipient });
}

import type { ErrorCode } from '@parley/core/errors';
import { wellFormedKey } from '../http/route.ts';
import { seqOr, uuid } from '../http/schemas.ts';
import { sendBody } from '../http/send-body.ts';
import { z } from '../http/zod.ts';

/** What a client sends. What is no such thing at all is junk. */
export const frameSchema = z.object({
  id: z.string().min(1).max(64),
  action: z.string().max(64),
  payload: z.unknown().optional(),
});
export type Frame = z.output<typeof frameSchema>;

const messageGroupUuid = z.guid('message_group_uuid_invalid' satisfies ErrorCode).pipe(uuid);
const keyInvalid: ErrorCode = 'idempotency_key_invalid';

export const authenticatePayload = z.object({ token: z.string('generic_401' satisfies ErrorCode) });
export const readPayload = z.object({ message_group_uuid: messageGroupUuid, seq: seqOr('seq_invalid') });
export const typingPayload = z.object({ message_group_uuid: messageGroupUuid });

/** The body of the HTTP request; the key, a header there, stands beside it. */
export const sendPayload = (maxChars: number) => ({
  body: sendBody(maxChars),
  key: z.object({ idempotency_key: z.string(keyInvalid).regex(wellFormedKey, keyInvalid).nullish() }),
});

export const response = (requestId: string, data: unknown) =>
  encode({ type: 'response', request_id: requestId, success: true, data });

/** Encoded once, however many sockets it goes to. */
export const event = (name: EventName, data: unknown) => encode({ type: 'event', event: name, data });

export type EventName =
  | 'message.created'
  | 'message_group.updated'
  | 'message_group.read'
  | 'typing'
  | 'presence'
  | 'membership'
  | 'erased'
  | 'resync';

export const encode = (frame: unknown) => Buffer.from(JSON.stringify(frame));

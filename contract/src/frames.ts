import type { Entry } from './entry.ts';
import type { ErrorCode } from './errors.ts';
import type { EventData, EventName } from './events.ts';
import { seqOr, uuid, wellFormedKey } from './fields.ts';
import type { ReadPosition } from './message-group.ts';
import { sendBody } from './send.ts';
import { z } from './zod.ts';

/** A client frame. Anything that fails to parse counts as junk. */
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

/** The body of the HTTP request, and the idempotency key, which is a header in HTTP. */
export const sendPayload = (maxChars: number) => ({
  body: sendBody(maxChars),
  key: z.object({ idempotency_key: z.string(keyInvalid).regex(wellFormedKey, keyInvalid).nullish() }),
});

/** The data of a successful response, by action. */
export type Answers = {
  authenticate: { user_uuid: string; expires_at: string; connection: string };
  'message.send': Entry;
  'message_group.read': ReadPosition;
  typing: Record<string, never>;
  ping: Record<string, never>;
};
export type Action = keyof Answers;

export type FrameError = { code: ErrorCode; message: string; retry_after?: number };

/** `request_id` is the id of the client's frame, or null if that frame did not parse. */
export type ResponseFrame =
  | { type: 'response'; request_id: string; success: true; data: Answers[Action] }
  | { type: 'response'; request_id: string | null; success: false; error: FrameError };

export type EventFrame = {
  [Name in EventName]: { type: 'event'; event: Name; data: EventData<Name> };
}[EventName];

export type ServerFrame = ResponseFrame | EventFrame;

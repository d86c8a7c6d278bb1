import { AppError, type ErrorCode } from '@parley/core/errors';
import { codesOf } from '../http/errors.ts';
import { retryAfterSeconds } from '../http/overload.ts';
import { encode } from './frames.ts';

/** Why a socket is closed. */
export const closeCodes = {
  goingAway: 1001,
  junk: 4400,
  unauthenticated: 4401,
  tooSlow: 4408,
  tooMany: 4429,
} as const;

/** The one table of codes and what they say to a developer who reads a frame. Others speak for themselves. */
const texts: Partial<Record<ErrorCode, string>> = {
  json_invalid: 'A frame is a JSON text',
  frame_invalid: 'A frame is an object with id (1 to 64 characters), action and payload',
  action_unknown: 'There is no such action',
  generic_401: 'Authenticate first, with a valid access token',
  rate_limited: 'Too many requests: wait for retry_after seconds',
  too_many_connections: 'This person has too many sockets',
  busy: 'Try again in a moment',
  message_group_not_found: 'There is no such conversation that you may see',
  idempotency_conflict: 'This key was used with another message',
  generic_500: 'A fault of ours',
};

/** A refusal with the seconds to wait. */
export class RateLimited extends AppError {
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super('rate_limited');
    this.retryAfter = retryAfter;
  }
}

export const codeOf = (error: unknown): ErrorCode => codesOf(error)[0] ?? 'generic_500';

export function errorResponse(requestId: string | null, error: unknown) {
  const code = codeOf(error);
  return encode({
    type: 'response',
    request_id: requestId,
    success: false,
    error: {
      code,
      message: texts[code] ?? code.replaceAll('_', ' '),
      ...(code === 'rate_limited' && {
        retry_after: error instanceof RateLimited ? error.retryAfter : retryAfterSeconds(),
      }),
    },
  });
}

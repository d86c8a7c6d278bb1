import { type ErrorCode, textOf } from '@parley/contract/errors';
import { AppError } from '@parley/core/errors';
import { codesOf } from '../http/errors.ts';
import { retryAfterSeconds } from '../http/overload.ts';
import { encode } from './frames.ts';

export const closeCodes = {
  goingAway: 1001,
  junk: 4400,
  unauthenticated: 4401,
  tooSlow: 4408,
  tooMany: 4429,
} as const;

export class RateLimited extends AppError {
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super('rate_limited');
    this.retryAfter = retryAfter;
  }
}

/** Throws `rate_limited` if there is a time to wait. */
export function requireTokens(waitSeconds: number) {
  if (waitSeconds > 0) throw new RateLimited(waitSeconds);
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
      message: textOf(code),
      ...(code === 'rate_limited' && {
        retry_after: error instanceof RateLimited ? error.retryAfter : retryAfterSeconds(),
      }),
    },
  });
}

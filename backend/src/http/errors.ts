import { STATUS_CODES } from 'node:http';
import { isUnreachable } from '@parley/core/database/database';
import { AppError, type ErrorCode } from '@parley/core/errors';
import { isTransientFault } from '@parley/core/table/faults';
import type { NextFunction, Request, Response } from 'express';
import { retryAfterSeconds } from './overload.ts';

type LimitCode = `${string}_exceed_max_chars_${number}`;
type PlainCode = Exclude<ErrorCode, LimitCode>;

/** The one table of codes and HTTP statuses. A text that exceeds its limit is 422. */
const statuses: Record<PlainCode, number> = {
  json_invalid: 400,
  query_invalid: 400,
  path_invalid: 400,
  cursor_invalid: 400,
  request_invalid: 400,
  frame_invalid: 400,
  action_unknown: 400,
  generic_401: 401,
  generic_403: 403,
  fresh_sign_in_required: 403,
  profile_missing: 403,
  not_found: 404,
  user_not_found: 404,
  message_group_not_found: 404,
  member_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  idempotency_conflict: 409,
  payload_too_large: 413,
  body_invalid: 422,
  message_blank: 422,
  message_not_well_formed: 422,
  message_group_uuid_blank: 422,
  message_group_uuid_invalid: 422,
  user_reciever_handle_blank: 422,
  user_reciever_handle_self: 422,
  display_name_blank: 422,
  title_blank: 422,
  text_not_well_formed: 422,
  handles_invalid: 422,
  role_invalid: 422,
  seq_invalid: 422,
  known_seq_invalid: 422,
  idempotency_key_invalid: 422,
  direct_conversation: 422,
  message_group_full: 422,
  last_admin: 422,
  rate_limited: 429,
  too_many_connections: 429,
  headers_too_large: 431,
  generic_500: 500,
  busy: 503,
};

const isPlain = (code: string): code is PlainCode => Object.hasOwn(statuses, code);

export const isErrorCode = (text: string): text is ErrorCode =>
  isPlain(text) || /^\w+_exceed_max_chars_\d+$/.test(text);

export const statusOf = (code: ErrorCode) => (isPlain(code) ? statuses[code] : 422);

/** What an error tells the caller. Whoever is not an AppError is a bug, unless a store or the parser is behind it. */
export function codesOf(error: unknown): ErrorCode[] {
  if (error instanceof AppError) return error.codes;
  if (isTransientFault(error) || isUnreachable(error)) return ['busy'];
  // Express could not decode a parameter of the path.
  if (error instanceof URIError) return ['path_invalid'];
  if (!isBodyFault(error)) return ['generic_500'];
  return error.type === 'entity.too.large' ? ['payload_too_large'] : ['json_invalid'];
}

/** Express's body parser gives its own errors, and those of the streams below it, a status of the 4xx. */
function isBodyFault(error: unknown): error is Error & { status: number; type?: unknown } {
  return (
    error instanceof Error && 'status' in error && Number(error.status) >= 400 && Number(error.status) < 500
  );
}

/** Answers every error of every route. */
export function answerError(error: unknown, req: Request, res: Response, next: NextFunction) {
  if (res.headersSent) return next(error);
  const codes = codesOf(error);
  const status = statusOf(codes[0] ?? 'generic_500');
  if (status >= 500) res.err = error instanceof Error ? error : new Error(String(error));
  if (status === 401) res.set('WWW-Authenticate', 'Bearer');
  if (status === 503 || (status === 429 && !res.get('Retry-After')))
    res.set('Retry-After', String(retryAfterSeconds()));
  res.status(status);
  if (!/application\/problem\+json/i.test(req.get('Accept') ?? '')) return res.json(codes);
  const title = STATUS_CODES[status] ?? 'Error';
  return res
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, errors: codes, instance: req.path }));
}

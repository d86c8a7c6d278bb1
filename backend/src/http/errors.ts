import { STATUS_CODES } from 'node:http';
import { type ErrorCode, statusOf } from '@parley/contract/errors';
import { isUnreachable } from '@parley/core/database/database';
import { AppError } from '@parley/core/errors';
import { isTransientFault } from '@parley/core/table/faults';
import type { NextFunction, Request, Response } from 'express';
import { retryAfterSeconds } from './overload.ts';

/** The codes that the caller gets. An error that comes from neither AppError, a store nor the parser is a bug. */
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

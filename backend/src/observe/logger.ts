import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import pino, { type DestinationStream, type Logger } from 'pino';
import { activeSpan } from './tracing.ts';

export type { Logger } from 'pino';

/** One JSON line per event. ERROR means that somebody must act. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    { level, base: { service: 'backend' }, mixin: activeSpan, serializers: { err: presentError } },
    // Synchronous, because the flush of buffered lines at exit never ends if the reader has died (sonic-boom 4.2.1).
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** The error without the inputs that drivers attach to theirs. */
function presentError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { type: name, code, message, stack, cause: cause === undefined ? undefined : presentError(cause) };
}

declare global {
  namespace Express {
    interface Request {
      /** The caller's id if it is well-formed. The answer and every log line about the request carry it. */
      id: string;
    }
    interface Response {
      /** The cause of a 5xx. */
      err?: Error;
    }
  }
}

const wellFormedRequestId = /^[\w.:-]{1,128}$/;

/**
 * Logs a line for each request, without the query (it may hold a cursor), the headers (they hold the token) and the
 * body. pino-http makes two loggers for each request, which cost more than the line
 * (docs/decisions/0015-what-a-node-tells.md).
 */
export const requestLog =
  (logger: Logger): RequestHandler =>
  (req, res, next) => {
    const startedAtMs = performance.now();
    const given = req.get('X-Request-Id') ?? '';
    req.id = wellFormedRequestId.test(given) ? given : randomUUID();
    res.setHeader('X-Request-Id', req.id);
    res.once('close', () => {
      const path = req.originalUrl.split('?', 1)[0] ?? '';
      const { statusCode: status, err } = res;
      const is_aborted = res.writableFinished ? undefined : true;
      const ms = Math.round(performance.now() - startedAtMs);
      logger[levelOf(status, path)](
        { request_id: req.id, method: req.method, path, status, is_aborted, ms, err },
        'request',
      );
    });
    next();
  };

const probes = new Set(['/api/health-check', '/api/ready']);

function levelOf(status: number, path: string) {
  if (status === 500) return 'error';
  if (status > 500) return 'warn';
  return probes.has(path) ? 'debug' : 'info';
}

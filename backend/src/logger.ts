import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import pino, { type DestinationStream, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { activeSpan } from './tracing.ts';

export type { Logger } from 'pino';

/** One JSON line per event. ERROR means that somebody must act. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    { level, base: { service: 'backend' }, mixin: activeSpan, serializers: { err: presentError } },
    // At once: what is gathered is flushed at the exit, for ever where the reader has died (sonic-boom 4.2.1).
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** What an error is, without the inputs that drivers attach to theirs. */
function presentError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { type: name, code, message, stack, cause: cause === undefined ? undefined : presentError(cause) };
}

const wellFormedRequestId = /^[\w.:-]{1,128}$/;

/** A line per request: no query, for it may hold a cursor; no headers, for they hold the token; no body. */
export const requestLog = (logger: Logger) =>
  pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    wrapSerializers: false,
    // Otherwise each request is serialised for a line that is never written.
    serializers: { req: () => undefined },
    quietReqLogger: true,
    quietResLogger: true,
    genReqId(req, res) {
      const given = req.headers['x-request-id'];
      const id = typeof given === 'string' && wellFormedRequestId.test(given) ? given : randomUUID();
      res.setHeader('X-Request-Id', id);
      return id;
    },
    customAttributeKeys: { reqId: 'request_id', responseTime: 'ms' },
    customLogLevel: (req, res) => levelOf(res.statusCode, pathOf(req)),
    customSuccessMessage: () => 'request',
    customErrorMessage: () => 'request',
    customSuccessObject: (req, res, { ms }) => ({ ...outcome(req, res), ms }),
    customErrorObject: (req, res, _error, { ms }) => ({ ...outcome(req, res), ms, err: res.err }),
  });

const outcome = (req: IncomingMessage, res: ServerResponse) => ({
  method: req.method,
  path: pathOf(req),
  status: res.statusCode,
  is_aborted: res.writableFinished ? undefined : true,
});

const pathOf = (req: IncomingMessage & { originalUrl?: string }) =>
  (req.originalUrl ?? req.url ?? '').split('?', 1)[0] ?? '';

const probes = new Set(['/api/health-check', '/api/ready']);

function levelOf(status: number, path: string) {
  if (status === 500) return 'error';
  if (status > 500) return 'warn';
  return probes.has(path) ? 'debug' : 'info';
}

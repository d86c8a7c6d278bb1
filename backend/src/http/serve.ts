import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import type { Config } from '@parley/config/config';
import { AppError } from '@parley/core/errors';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Session, Sessions } from '../auth/sessions.ts';
import { clientAddress } from './client-address.ts';
import type { Overload } from './overload.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { bearerToken, type Route, read } from './route.ts';

export type ServeParts = {
  config: Pick<Config, 'MESSAGE_MAX_CHARS' | 'TRUSTED_PROXIES'>;
  sessions: Sessions;
  rateLimit: RateLimit;
  overload: Overload;
};

/**
 * Serves each route: who asks, how often, what they say, then its handler. Other methods of its path are 405. No place is
 * held while a body is read, because its sender decides how long that takes.
 */
export function serve(app: Express, parts: ServeParts, routes: Route[]) {
  const parseJson = jsonParser(parts.config.MESSAGE_MAX_CHARS);
  for (const route of routes) {
    app[route.method](
      route.path,
      ...(route.perAddressPerMinute
        ? [limitAddress(parts, route.perAddressPerMinute), takePlace(parts)]
        : []),
      ...(route.isOpen ? [] : [takePlace(parts), authenticate(parts), leavePlace]),
      ...(route.body ? [parseJson] : []),
      ...(route.isOpen ? [] : [takePlace(parts)]),
      answer(route),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(path, refuseMethod(routes.filter((route) => route.path === path)));
  }
}

/** Open routes have no session, and take none. */
type Locals = { session?: Session; leave?: () => void };

const answer = (route: Route) => async (req: Request, res: Response<unknown, Locals>) => {
  const input = read(route, req);
  const body = await route.handle({ ...input, ...(res.locals.session as Session), req, res });
  if (!route.contentType) return sendJson(res, body);
  return sendLines(res.type(route.contentType), body as AsyncGenerator<string>);
};

/** As `res.json` does, without asking the settings, the type and the caches of each answer anew. */
function sendJson(res: Response, body: unknown) {
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.end(text);
}

/**
 * Waits for a slow reader. What fails before the first line is answered as an error, later the answer is cut. The lines
 * are told that they end, be it that the reader has left.
 */
async function sendLines(res: Response, lines: AsyncGenerator<string>) {
  try {
    let next = await lines.next();
    await pipeline(async function* () {
      for (; !next.done; next = await lines.next()) yield `${next.value}\n`;
    }, res);
  } catch (error) {
    // The reader has left: there is nobody to tell, and nothing to mend.
    if (!hasReaderLeft(error)) throw error;
  } finally {
    await lines.return(undefined);
  }
}

const hasReaderLeft = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ERR_STREAM_DESTROYED');

/** Before anything costs, and again, as the person's, before the work. A full node answers the open routes that cost nothing. */
const takePlace =
  ({ overload }: ServeParts) =>
  (_req: Request, res: Response<unknown, Locals>, next: NextFunction) => {
    // Its `close` has come already, and would never give the place back. Nobody reads the answer.
    if (res.destroyed) return;
    const leave = overload.enter(res.locals.session?.user.uuid);
    res.locals.leave = leave;
    res.once('close', leave);
    next();
  };

function leavePlace(_req: Request, res: Response<unknown, Locals>, next: NextFunction) {
  res.locals.leave?.();
  next();
}

function limitAddress({ config }: ServeParts, perMinute: number) {
  const limit = createRateLimit(perMinute);
  return (req: Request, res: Response, next: NextFunction) => {
    expectTokens(limit.spend(clientAddress(req, config.TRUSTED_PROXIES)), res);
    next();
  };
}

function expectTokens(waitSeconds: number, res: Response) {
  if (waitSeconds === 0) return;
  res.set('Retry-After', String(waitSeconds));
  throw new AppError('rate_limited');
}

const authenticate =
  ({ sessions, rateLimit }: ServeParts) =>
  async (req: Request, res: Response<unknown, Locals>, next: NextFunction) => {
    const session = await sessions.open(bearerToken(req));
    expectTokens(rateLimit.spend(session.user.uuid), res);
    res.locals.session = session;
    next();
  };

/** Escaped as \uXXXX, a UTF-16 unit takes six bytes. */
const bytesPerUnit = 6;
const bodyAllowance = 100 * 1024;

function jsonParser(messageMaxChars: number) {
  return express.json({
    limit: bodyAllowance + bytesPerUnit * messageMaxChars,
    type: ['json', '+json'],
    // A JSON text may be a string or null; the schemas say that ours are objects.
    strict: false,
    // Bytes that are no UTF-8 would be replaced, and text is kept to the letter; nothing would become an object.
    verify(_req, _res, bytes) {
      if (bytes.length === 0 || !isUtf8(bytes)) throw new Error('not JSON');
    },
  });
}

function refuseMethod(routes: Route[]) {
  const methods = routes.map(({ method }) => method.toUpperCase());
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
  return (_req: Request, res: Response) => {
    res.set('Allow', allow);
    throw new AppError('method_not_allowed');
  };
}

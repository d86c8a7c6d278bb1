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
 * Serves each route: authenticates the caller, limits the rate, parses the request, calls the handler. Other methods of
 * its path answer 405. A request holds no place while its body is read, because the sender decides how long that takes.
 */
export function serve(app: Express, parts: ServeParts, routes: Route[]) {
  const parseJson = jsonParser(parts.config.MESSAGE_MAX_CHARS);
  for (const route of routes) {
    app[route.method](
      route.path,
      ...(route.perAddressPerMinute ? [limitAddress(parts, route.perAddressPerMinute), enter(parts)] : []),
      ...(route.isOpen ? [] : [enter(parts), authenticate(parts), leave]),
      ...(route.body ? [parseJson] : []),
      ...(route.isOpen ? [] : [enter(parts)]),
      answer(route),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(path, refuseMethod(routes.filter((route) => route.path === path)));
  }
}

/** Open routes have no session. */
type Locals = { session?: Session; leave?: () => void };

const answer = (route: Route) => async (req: Request, res: Response<unknown, Locals>) => {
  const input = read(route, req);
  const body = await route.handle({ ...input, ...(res.locals.session as Session), req, res });
  if (!route.contentType) return sendJson(res, body);
  return sendLines(res.type(route.contentType), body as AsyncGenerator<string>);
};

/** Like `res.json`, but without its look-ups of settings, type and caches for each answer. */
function sendJson(res: Response, body: unknown) {
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.end(text);
}

/**
 * Waits for a slow reader. An error before the first line becomes an error answer; a later one cuts the answer off. The
 * generator is always closed, even if the client disconnects.
 */
async function sendLines(res: Response, lines: AsyncGenerator<string>) {
  try {
    let next = await lines.next();
    await pipeline(async function* () {
      for (; !next.done; next = await lines.next()) yield `${next.value}\n`;
    }, res);
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  } finally {
    await lines.return(undefined);
  }
}

const isDisconnect = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ERR_STREAM_DESTROYED');

/**
 * Reserves a place before the request costs anything, and again, counted for the person, before the handler. Open
 * routes that cost nothing need no place, so a full node still answers them.
 */
const enter =
  ({ overload }: ServeParts) =>
  (_req: Request, res: Response<unknown, Locals>, next: NextFunction) => {
    // After `close` nothing would free the place, and nobody reads the answer.
    if (res.destroyed) return;
    res.locals.leave = overload.enter(res.locals.session?.user.uuid);
    res.once('close', res.locals.leave);
    next();
  };

function leave(_req: Request, res: Response<unknown, Locals>, next: NextFunction) {
  res.locals.leave?.();
  next();
}

function limitAddress({ config }: ServeParts, perMinute: number) {
  const limit = createRateLimit(perMinute);
  return (req: Request, res: Response, next: NextFunction) => {
    requireTokens(limit.spend(clientAddress(req, config.TRUSTED_PROXIES)), res);
    next();
  };
}

function requireTokens(waitSeconds: number, res: Response) {
  if (waitSeconds === 0) return;
  res.set('Retry-After', String(waitSeconds));
  throw new AppError('rate_limited');
}

const authenticate =
  ({ sessions, rateLimit }: ServeParts) =>
  async (req: Request, res: Response<unknown, Locals>, next: NextFunction) => {
    const session = await sessions.open(bearerToken(req));
    requireTokens(rateLimit.spend(session.user.uuid), res);
    res.locals.session = session;
    next();
  };

/** A UTF-16 unit escaped as \uXXXX has six bytes. */
const bytesPerUnit = 6;
const bodyAllowance = 100 * 1024;

function jsonParser(messageMaxChars: number) {
  return express.json({
    limit: bodyAllowance + bytesPerUnit * messageMaxChars,
    type: ['json', '+json'],
    // Accepts any JSON value here; the schemas require an object.
    strict: false,
    // Express would replace invalid UTF-8, which would change the text, and parse an empty body as an object.
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

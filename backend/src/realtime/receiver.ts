import { authenticatePayload, type Frame, frameSchema } from '@parley/contract/frames';
import { AppError } from '@parley/core/errors';
import type { RawData } from 'ws';
import type { Session, Sessions } from '../auth/sessions.ts';
import type { Overload } from '../http/overload.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { parse } from '../http/route.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import { traceFrame } from '../observe/tracing.ts';
import type { createActions } from './actions.ts';
import type { Connection } from './connection.ts';
import { closeCodes, codeOf, errorResponse, RateLimited } from './frame-errors.ts';
import { response } from './frames.ts';

export type ReceiverOptions = {
  sessions: Sessions;
  actions: ReturnType<typeof createActions>;
  rateLimit: RateLimit;
  overload: Overload;
  logger: Logger;
  metrics?: Metrics | undefined;
  /** Resolves when deliveries reach the socket. */
  onAuthenticated: (connection: Connection, session: Session) => Promise<void>;
};

/** Requests of one socket that may be under way. */
const maxInFlight = 64;
/** A sign-out is told to every node, which closes the sockets. Where that fails, no frame is taken for longer than this. */
const personMaxAgeMs = 1_000;
/** Within a minute. */
const maxRefusals = 100;
const maxJunk = 10;

/** What comes from sockets: each frame is answered, and none brings anybody down. */
export function createReceiver(options: ReceiverOptions) {
  const { sessions, actions, rateLimit, overload, logger, metrics, onAuthenticated } = options;
  let isDraining = false;
  let inFlight = 0;
  let onIdle = () => {};

  async function receive(connection: Connection, data: RawData, isBinary: boolean) {
    const frame = read(connection, data, isBinary);
    if (frame) await traceFrame(known(frame.action), () => handle(connection, frame));
  }

  async function handle(connection: Connection, frame: Frame) {
    inFlight += 1;
    connection.inFlight += 1;
    const startedAt = performance.now();
    let outcome = 'ok';
    let leave = () => {};
    try {
      // A heartbeat is answered whatever else its person does.
      const isHeartbeat = frame.action === 'ping' && connection.takePing();
      if (!isHeartbeat) leave = overload.enter(connection.session?.user.uuid);
      const data = await answer(connection, frame, isHeartbeat);
      connection.send(response(frame.id, data));
      logAppended(connection, frame, data);
    } catch (error) {
      outcome = codeOf(error);
      refuse(connection, frame, error);
    } finally {
      leave();
      metrics?.frame(known(frame.action), outcome, performance.now() - startedAt);
      connection.inFlight -= 1;
      inFlight -= 1;
      if (inFlight === 0) onIdle();
    }
  }

  function read(connection: Connection, data: RawData, isBinary: boolean): Frame | undefined {
    const value = isBinary ? undefined : json(String(data));
    const { data: frame } = frameSchema.safeParse(value);
    if (frame) return frame;
    connection.junk += 1;
    const code = value === undefined ? 'json_invalid' : 'frame_invalid';
    connection.send(errorResponse(null, new AppError(code)));
    if (connection.junk >= maxJunk || !connection.session) connection.close(closeCodes.junk, 'no frames');
    return undefined;
  }

  /** Who follows a message begins here: its uuid is on every line about it. */
  function logAppended(connection: Connection, { id, action }: Frame, data: unknown) {
    if (action !== 'message.send' || !logger.isLevelEnabled('debug')) return;
    const { uuid } = data as { uuid: string };
    logger.debug({ message_uuid: uuid, connection: connection.id, request_id: id }, 'appended');
  }

  /** An action that we do not know must not make a series of its own. */
  const known = (action: string) =>
    action === 'authenticate' || Object.hasOwn(actions, action) ? action : 'unknown';

  async function answer(connection: Connection, frame: Frame, isHeartbeat: boolean): Promise<unknown> {
    if (!isHeartbeat) takeTokens(connection.takeFrame());
    if (isDraining || connection.inFlight > maxInFlight) throw new AppError('busy');
    if (frame.action === 'authenticate') return inTurn(connection, () => authenticate(connection, frame));
    if (!connection.session) throw new AppError('generic_401');
    if (!isHeartbeat) takeTokens(rateLimit.take(connection.session.user.uuid));
    const action = Object.hasOwn(actions, frame.action) ? actions[frame.action] : undefined;
    if (!action) throw new AppError('action_unknown');
    // Requests begin in the order in which they came.
    return action(await inTurn(connection, () => currentSession(connection)), frame.payload);
  }

  function inTurn<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
    const done = connection.turn.then(work);
    connection.turn = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  async function currentSession(connection: Connection): Promise<Session> {
    if (!connection.session) throw new AppError('generic_401');
    return sessions.renew(connection.session, personMaxAgeMs);
  }

  async function authenticate(connection: Connection, { payload }: Frame) {
    const { token } = parse(authenticatePayload, payload, 'generic_401');
    const session = await sessions.open(token);
    const before = connection.session;
    if (before && before.user.uuid !== session.user.uuid) throw new AppError('generic_401');
    takeTokens(rateLimit.take(session.user.uuid));
    connection.session = session;
    if (!before) await place(connection, session);
    const expiresAtMs = session.expiresAtSeconds * 1_000;
    connection.closeAfter(expiresAtMs - Date.now(), 'the token has expired');
    return {
      user_uuid: session.user.uuid,
      expires_at: new Date(expiresAtMs).toISOString(),
      connection: connection.id,
    };
  }

  /** Where deliveries do not reach the socket it has no session: the next `authenticate` tries again. */
  async function place(connection: Connection, session: Session) {
    try {
      await onAuthenticated(connection, session);
    } catch (error) {
      connection.session = undefined;
      throw error;
    }
  }

  function refuse(connection: Connection, frame: Frame, error: unknown) {
    const code = codeOf(error);
    if (code === 'generic_500')
      logger.error(
        { err: error, action: known(frame.action), connection: connection.id, request_id: frame.id },
        'a frame failed',
      );
    connection.send(errorResponse(frame.id, error));
    if (code === 'generic_401' || code === 'profile_missing')
      connection.close(closeCodes.unauthenticated, code);
    if (code === 'too_many_connections') connection.close(closeCodes.tooMany, code);
    if (code !== 'rate_limited') return;
    // Without a session it would wait for the end of its time, and be told that its token is wrong.
    if (!connection.session || connection.countRefusal() >= maxRefusals)
      connection.close(closeCodes.tooMany, 'too many requests');
  }

  return {
    receive,
    /** Takes nothing new; resolves when what is under way is answered, or after that time. */
    async drain(timeoutMs: number) {
      isDraining = true;
      if (inFlight === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}

function takeTokens(waitSeconds: number) {
  if (waitSeconds > 0) throw new RateLimited(waitSeconds);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

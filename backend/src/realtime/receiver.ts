import { type Frame, frameSchema } from '@parley/contract/frames';
import { AppError } from '@parley/core/errors';
import type { RawData } from 'ws';
import { traceFrame } from '../observe/tracing.ts';
import type { Parts } from '../parts.ts';
import { createAdmission } from './admission.ts';
import type { Commands } from './commands/commands.ts';
import type { Connection } from './connection.ts';
import { closeCodes, codeOf, errorResponse, requireTokens } from './frame-errors.ts';
import { response } from './frames.ts';

export type Receiver = ReturnType<typeof createReceiver>;

export type ReceiverParts = Pick<Parts, 'sessions' | 'rateLimit' | 'overload' | 'logger' | 'metrics'> & {
  commands: Commands;
};

/** A sign-out closes the sockets on every node. If that fails, a socket still accepts frames for at most this long. */
const personMaxAgeMs = 1_000;
/** A socket is closed after this many refusals in a minute, or after this much junk. */
const maxRefusals = 100;
const maxJunk = 10;

/** Answers the frames of sockets. No frame, however broken, ends the process or a socket of somebody else. */
export function createReceiver(parts: ReceiverParts) {
  const { commands, overload, metrics } = parts;
  const admission = createAdmission();

  /** Unknown actions share one metric series. */
  const labelOf = ({ action }: Frame) => (commands.has(action) ? action : 'unknown');

  async function handle(connection: Connection, frame: Frame) {
    const leave = admission.enter(connection);
    const command = commands.get(frame.action);
    const startedAt = performance.now();
    let outcome = 'ok';
    let freeRequest = () => {};
    try {
      // A heartbeat is answered even if its person has used up every limit.
      const isFree = command?.cost === 'heartbeat' && connection.spendFreePing();
      if (!isFree) freeRequest = overload.enter(connection.session?.user.uuid);
      if (!isFree) requireTokens(connection.spendFrame());
      admission.requireRoom(connection);
      const data = await answer(parts, connection, frame, isFree);
      connection.send(response(frame.id, data));
      if (command?.cost === 'request')
        command.onAnswered?.(data, { connection: connection.id, request_id: frame.id });
    } catch (error) {
      outcome = codeOf(error);
      refuse(parts, connection, frame, error);
    } finally {
      freeRequest();
      metrics?.frame(labelOf(frame), outcome, performance.now() - startedAt);
      leave();
    }
  }

  return {
    async receive(connection: Connection, data: RawData, isBinary: boolean) {
      const frame = read(connection, data, isBinary);
      if (frame) await traceFrame(labelOf(frame), () => handle(connection, frame));
    },
    /** Refuses new frames. Resolves when the frames in flight are answered, or at the timeout. */
    drain: (timeoutMs: number) => admission.drain(timeoutMs),
  };
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

async function answer(
  { commands, sessions, rateLimit }: ReceiverParts,
  connection: Connection,
  { action, payload }: Frame,
  isFree: boolean,
): Promise<unknown> {
  const command = commands.get(action);
  if (command?.cost === 'sign-in') return inTurn(connection, () => command.answer(connection, payload));
  if (!connection.session) throw new AppError('generic_401');
  if (!isFree) requireTokens(rateLimit.spend(connection.session.user.uuid));
  if (!command) throw new AppError('action_unknown');
  // Requests of a socket begin in the order of their arrival.
  const session = await inTurn(connection, async () => {
    if (!connection.session) throw new AppError('generic_401');
    return sessions.renew(connection.session, personMaxAgeMs);
  });
  return command.answer(session, payload);
}

function inTurn<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const done = connection.turn.then(work);
  connection.turn = done.then(
    () => {},
    () => {},
  );
  return done;
}

function refuse({ commands, logger }: ReceiverParts, connection: Connection, frame: Frame, error: unknown) {
  const code = codeOf(error);
  if (code === 'generic_500') {
    const action = commands.has(frame.action) ? frame.action : 'unknown';
    const ids = { connection: connection.id, request_id: frame.id };
    logger.error({ err: error, action, ...ids }, 'a frame failed');
  }
  connection.send(errorResponse(frame.id, error));
  if (code === 'generic_401' || code === 'profile_missing')
    connection.close(closeCodes.unauthenticated, code);
  if (code === 'too_many_connections') connection.close(closeCodes.tooMany, code);
  if (code !== 'rate_limited') return;
  // Otherwise a socket without a session would be closed later, for not authenticating, which is the wrong reason.
  if (!connection.session || connection.countRefusal() >= maxRefusals)
    connection.close(closeCodes.tooMany, 'too many requests');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

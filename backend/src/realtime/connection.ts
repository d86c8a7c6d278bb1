import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Session } from '../auth/sessions.ts';
import { createFrameBudget } from './frame-budget.ts';
import { closeCodes } from './frame-errors.ts';

export type Connection = ReturnType<typeof createConnection>;

export type ConnectionOptions = {
  bufferBytes: number;
  framesPerSecond: number;
  pingMs?: number;
};

/** Frames are buffered up to this size before they are written. */
const writeBytes = 32 * 1024;
/** A peer may take this long to answer a close. A slow one gets the time to read the frames before it. */
const goodbyeMs = 2_000;
const slowGoodbyeMs = 15_000;
/** The longest delay of a timer. */
const maxTimerMs = 2 ** 31 - 1;

/** One socket: the frames that wait in it, whether its peer still answers, and its session. */
export function createConnection(
  ws: WebSocket,
  socket: Duplex,
  { bufferBytes, framesPerSecond, pingMs = 30_000 }: ConnectionOptions,
) {
  let isCorked = false;
  let deadline: NodeJS.Timeout | undefined;
  watchPeer(ws, pingMs);
  ws.once('close', () => clearTimeout(deadline));

  /** Frames of one turn of the event loop leave in one write, because a write is the greatest cost of a frame. */
  function cork() {
    if (isCorked) {
      // A peer that reads is not slow just because many frames are sent at once.
      if (ws.bufferedAmount >= writeBytes) {
        socket.uncork();
        socket.cork();
      }
      return;
    }
    isCorked = true;
    socket.cork();
    setImmediate(() => {
      isCorked = false;
      socket.uncork();
    });
  }

  const connection = {
    ...createFrameBudget(framesPerSecond),
    id: randomUUID(),
    /** Set once it has authenticated. */
    session: undefined as Session | undefined,
    /** Requests begin one after the other; resolves when the last one has begun. */
    turn: Promise.resolve(),
    inFlight: 0,
    junk: 0,

    isOpen: () => ws.readyState === ws.OPEN,

    /** Sends an encoded frame. A socket that does not drain is closed, and its client catches up from the log. */
    send(frame: Buffer) {
      if (ws.readyState !== ws.OPEN) return;
      cork();
      if (ws.bufferedAmount + frame.length > bufferBytes)
        connection.close(closeCodes.tooSlow, 'too slow', slowGoodbyeMs);
      else ws.send(frame, { binary: false });
    },

    close(code: number, reason: string, graceMs = goodbyeMs) {
      if (ws.readyState !== ws.OPEN) return;
      ws.close(code, reason);
      // A peer that does not read never sees the close.
      const force = setTimeout(() => ws.terminate(), graceMs);
      ws.once('close', () => clearTimeout(force));
    },

    /** Closes with 4401 after that time. A later call replaces the time. */
    closeAfter(ms: number, reason: string) {
      clearTimeout(deadline);
      if (ws.readyState !== ws.OPEN) return;
      deadline = setTimeout(
        () =>
          ms > maxTimerMs
            ? connection.closeAfter(ms - maxTimerMs, reason)
            : connection.close(closeCodes.unauthenticated, reason),
        Math.min(Math.max(0, ms), maxTimerMs),
      );
    },
  };
  return connection;
}

/** Ends a socket whose peer has not answered the last ping. */
function watchPeer(ws: WebSocket, pingMs: number) {
  let isAnswering = true;
  const pings = setInterval(() => {
    if (!isAnswering) return ws.terminate();
    isAnswering = false;
    ws.ping();
  }, pingMs);
  ws.on('pong', () => {
    isAnswering = true;
  });
  ws.once('close', () => clearInterval(pings));
}

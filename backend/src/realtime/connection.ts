import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TokenBucket } from 'limiter';
import type { WebSocket } from 'ws';
import type { Session } from '../auth/sessions.ts';
import { closeCodes } from './frame-errors.ts';

export type Connection = ReturnType<typeof createConnection>;

export type ConnectionOptions = {
  bufferBytes: number;
  framesPerSecond: number;
  pingMs?: number;
};

/** What gathers for a socket at most before it is written. */
const writeBytes = 32 * 1024;
/** How long a peer may take to answer a close. A slow one gets the time to read what lies before it. */
const goodbyeMs = 2_000;
const slowGoodbyeMs = 15_000;
/** A heartbeat of a client costs nothing this often; clients of ours send one every 25 s. */
const freePingMs = 4_000;
const refusalsForMs = 60_000;
/** Timers take no more. */
const maxTimerMs = 2 ** 31 - 1;

/** One socket: what may wait in it, whether its peer still answers, and whose it is. */
export function createConnection(
  ws: WebSocket,
  socket: Duplex,
  { bufferBytes, framesPerSecond, pingMs = 30_000 }: ConnectionOptions,
) {
  const frames = new TokenBucket({
    bucketSize: 3 * framesPerSecond,
    tokensPerInterval: framesPerSecond,
    interval: 'second',
  });
  frames.content = 3 * framesPerSecond;
  let pingedAtMs = Number.NEGATIVE_INFINITY;
  let refusals = { count: 0, sinceMs: 0 };
  let isAnswering = true;
  let isGathering = false;
  let deadline: NodeJS.Timeout | undefined;

  const pings = setInterval(() => {
    if (!isAnswering) return ws.terminate();
    isAnswering = false;
    ws.ping();
  }, pingMs);
  ws.on('pong', () => {
    isAnswering = true;
  });
  ws.once('close', () => {
    clearInterval(pings);
    clearTimeout(deadline);
  });

  /** What is sent in one turn of the event loop leaves in one write, which is the most that a frame costs. */
  function gather() {
    if (isGathering) {
      // A peer that reads is not slow because much is told at once.
      if (ws.bufferedAmount >= writeBytes) {
        socket.uncork();
        socket.cork();
      }
      return;
    }
    isGathering = true;
    socket.cork();
    setImmediate(() => {
      isGathering = false;
      socket.uncork();
    });
  }

  const connection = {
    id: randomUUID(),
    /** Set once it has authenticated. */
    session: undefined as Session | undefined,
    /** Requests begin one after the other; resolves when the last one has begun. */
    turn: Promise.resolve(),
    inFlight: 0,
    junk: 0,

    isOpen: () => ws.readyState === ws.OPEN,

    /** Takes what is serialised. A socket that does not drain is closed: its client catches up from the log. */
    send(frame: Buffer) {
      if (ws.readyState !== ws.OPEN) return;
      gather();
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

    /** 0, or the seconds to wait. */
    spendFrame(): number {
      if (framesPerSecond === 0 || frames.tryRemoveTokens(1)) return 0;
      return Math.max(1, Math.ceil(frames.getWaitTime(1) / 1_000));
    },

    /** Whether this `ping` is a heartbeat, which costs nothing. */
    spendFreePing(): boolean {
      const nowMs = performance.now();
      if (nowMs - pingedAtMs < freePingMs) return false;
      pingedAtMs = nowMs;
      return true;
    },

    /** The refusals of the last minute, this one included. */
    countRefusal(): number {
      const nowMs = performance.now();
      if (nowMs - refusals.sinceMs > refusalsForMs) refusals = { count: 0, sinceMs: nowMs };
      refusals.count += 1;
      return refusals.count;
    },

    /** Closes with 4401 after that time, unless it is told another one before. */
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

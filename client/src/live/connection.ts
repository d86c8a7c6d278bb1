import type { ServerFrame } from '@parley/contract/frames';
import type { TokenSource } from '../tokens.ts';
import { createAnswers, longestPauseMs, Refusal } from './answers.ts';
import { backoffMs } from './backoff.ts';
import type { LiveEvent } from './events.ts';
import type { Socket, SocketClass } from './socket.ts';

export type LiveState = 'connecting' | 'online' | 'waiting' | 'closed';

type Options = {
  url: string;
  WebSocket: SocketClass;
  tokens: TokenSource;
  onEvent(event: LiveEvent): void;
  onState(state: LiveState): void;
};

const pingEveryMs = 25_000;
const openTimeoutMs = 10_000;
/** The close code of the gateway for a token that expired or was ended. */
const unauthorized = 4401;
const tokenRefused = 'generic_401';

type Timer = ReturnType<typeof setTimeout>;

/**
 * One socket that stays open: it authenticates first, pings, renews its token before that expires, and reconnects with
 * growing pauses. Events are lost while it is closed, so the caller reads again at each `online`.
 */
export function createConnection(options: Options) {
  const answers = createAnswers();
  let socket: Socket | undefined;
  let state: LiveState = 'closed';
  let attempt = 0;
  let retryTimer: Timer | undefined;
  /** The least pause before the next attempt, if the gateway named one. */
  let pause: { hintMs?: number; leastMs: number } = { leastMs: 0 };
  const request = (action: string, payload: object) => answers.request(socket, action, payload);
  const upkeep = createUpkeep(options.tokens, request, (opened) => lose(opened));

  function change(next: LiveState) {
    state = next;
    options.onState(next);
  }

  function open() {
    clearTimeout(retryTimer);
    pause = { leastMs: 0 };
    change('connecting');
    const opening = new options.WebSocket(options.url);
    socket = opening;
    const timer = setTimeout(() => lose(opening), openTimeoutMs);
    opening.onopen = () => {
      clearTimeout(timer);
      void greet(opening);
    };
    opening.onmessage = ({ data }: { data: unknown }) => {
      if (socket === opening) receive(JSON.parse(String(data)));
    };
    // A close follows every error.
    opening.onerror = () => {};
    opening.onclose = ({ code, reason }: { code: number; reason: string }) => {
      clearTimeout(timer);
      if (socket !== opening) return;
      if (code === unauthorized) upkeep.forgetToken();
      pause.hintMs = retryHint(reason) ?? pause.hintMs;
      lose(opening, code);
    };
  }

  async function greet(opened: Socket) {
    try {
      await upkeep.authenticate();
    } catch (error) {
      if (error instanceof Refusal) pause.leastMs = error.retryAfterMs;
      lose(opened);
      return;
    }
    if (socket !== opened) return;
    attempt = 0;
    upkeep.start(opened);
    change('online');
  }

  function receive(frame: ServerFrame) {
    if (frame.type === 'event') options.onEvent(frame);
    else answers.settle(frame);
  }

  function lose(lost: Socket, code?: number) {
    if (socket !== lost) return;
    drop();
    if (state === 'closed') return;
    const isRefused = code === unauthorized && attempt === 0;
    const pauseMs = isRefused ? 0 : Math.max(pause.leastMs, pause.hintMs ?? backoffMs(attempt));
    attempt += 1;
    change('waiting');
    retryTimer = setTimeout(open, pauseMs);
  }

  function drop() {
    const dropped = socket;
    socket = undefined;
    upkeep.stop();
    dropped?.close();
    answers.rejectAll();
  }

  return {
    open,
    request,
    /** The network returned, or the person is back: another pause makes no sense. */
    retryNow() {
      if (state === 'waiting') open();
    },
    /** The network is gone. A socket may take minutes to notice. */
    suspend() {
      if (socket) lose(socket);
    },
    close() {
      state = 'closed';
      clearTimeout(retryTimer);
      drop();
    },
  };
}

export type Connection = ReturnType<typeof createConnection>;

/** Authenticates, and pings or renews the token at each interval. */
function createUpkeep(
  tokens: TokenSource,
  request: (action: string, payload: object) => Promise<unknown>,
  onLost: (socket: Socket) => void,
) {
  let timer: ReturnType<typeof setInterval> | undefined;
  /** On the monotonic clock. If a sleep of the machine stops that clock, the gateway closes the socket in time. */
  let authenticatedUntilMs = 0;

  async function authenticate() {
    const token = await tokens.token();
    try {
      await request('authenticate', { token });
    } catch (error) {
      // Any other refusal passes, and the token stays valid.
      if (error instanceof Refusal && error.code === tokenRefused) tokens.renew(token);
      throw error;
    }
    authenticatedUntilMs = performance.now() + tokens.validForMs();
  }

  async function run(opened: Socket) {
    try {
      if (authenticatedUntilMs - performance.now() < 2 * pingEveryMs) await authenticate();
      else await request('ping', {});
    } catch (error) {
      if (!(error instanceof Refusal)) onLost(opened);
    }
  }

  return {
    authenticate,
    forgetToken() {
      authenticatedUntilMs = 0;
    },
    start(opened: Socket) {
      clearInterval(timer);
      timer = setInterval(() => void run(opened), pingEveryMs);
    },
    stop: () => clearInterval(timer),
  };
}

/** A node that stops names the pause in its close reason. */
function retryHint(reason: string): number | undefined {
  const ms = /^reconnect_after_ms=(\d+)$/.exec(reason)?.[1];
  return ms === undefined ? undefined : Math.min(Number(ms), longestPauseMs);
}

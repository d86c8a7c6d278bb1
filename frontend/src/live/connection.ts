import { backoffMs } from './backoff.ts';
import type { FrameError, LiveEvent, ServerFrame } from './events.ts';

export type LiveState = 'connecting' | 'online' | 'waiting' | 'closed';

type Options = {
  url: string;
  token(): Promise<string>;
  /** For how long the token that `token` gives is still good. */
  validForMs(): number;
  /** The gateway refused the token. */
  onRefused(token: string): void;
  onEvent(event: LiveEvent): void;
  onState(state: LiveState): void;
};

const pingEveryMs = 25_000;
const answerTimeoutMs = 10_000;
/** Of those that the gateway asks for. */
const longestPauseMs = 60_000;
/** Close codes of the gateway. */
const unauthorized = 4401;
const tokenRefused = 'generic_401';

type Waiting = { resolve(data: unknown): void; reject(error: Error): void; timer: number };

/**
 * One socket that is kept: authenticated first, pinged, renewed before its token expires, and opened again with growing
 * pauses when it is lost. What happened meanwhile is the caller's to fetch at each `online`.
 */
export function createConnection(options: Options) {
  let socket: WebSocket | undefined;
  let state: LiveState = 'closed';
  let attempt = 0;
  let retryTimer: number | undefined;
  let upkeepTimer: number | undefined;
  /** By the monotonic clock, as all times here. Where a sleep stops that clock, the gateway closes in time. */
  let authenticatedUntilMs = 0;
  let nextId = 0;
  let hintMs: number | undefined;
  let leastPauseMs = 0;
  const waiting = new Map<string, Waiting>();

  function change(next: LiveState) {
    state = next;
    options.onState(next);
  }

  function open() {
    clearTimeout(retryTimer);
    hintMs = undefined;
    leastPauseMs = 0;
    change('connecting');
    const opening = new WebSocket(options.url);
    socket = opening;
    const timer = window.setTimeout(() => lose(opening), answerTimeoutMs);
    opening.onopen = () => {
      clearTimeout(timer);
      void greet(opening);
    };
    opening.onmessage = ({ data }) => {
      if (socket === opening) receive(String(data));
    };
    opening.onclose = ({ code, reason }) => {
      clearTimeout(timer);
      if (socket !== opening) return;
      if (code === unauthorized) authenticatedUntilMs = 0;
      hintMs = retryHint(reason) ?? hintMs;
      lose(opening, code);
    };
  }

  async function greet(opened: WebSocket) {
    try {
      await authenticate();
    } catch (error) {
      if (error instanceof Refusal) leastPauseMs = error.retryAfterMs;
      lose(opened);
      return;
    }
    if (socket !== opened) return;
    attempt = 0;
    clearInterval(upkeepTimer);
    upkeepTimer = window.setInterval(() => void upkeep(opened), pingEveryMs);
    change('online');
  }

  async function authenticate() {
    const token = await options.token();
    try {
      await request('authenticate', { token });
    } catch (error) {
      // Any other refusal is of this moment, and the token as good as before.
      if (error instanceof Refusal && error.code === tokenRefused) options.onRefused(token);
      throw error;
    }
    authenticatedUntilMs = performance.now() + options.validForMs();
  }

  async function upkeep(opened: WebSocket) {
    try {
      if (authenticatedUntilMs - performance.now() < 2 * pingEveryMs) await authenticate();
      else await request('ping', {});
    } catch (error) {
      if (!(error instanceof Refusal)) lose(opened);
    }
  }

  function receive(text: string) {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'event') {
      options.onEvent(frame);
      return;
    }
    const asked = waiting.get(frame.request_id);
    if (!asked) return;
    waiting.delete(frame.request_id);
    clearTimeout(asked.timer);
    if (frame.success) asked.resolve(frame.data);
    else asked.reject(new Refusal(frame.error));
  }

  function request(action: string, payload: object) {
    nextId += 1;
    const id = String(nextId);
    return new Promise<unknown>((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) return reject(new Error('not connected'));
      const timer = window.setTimeout(() => {
        waiting.delete(id);
        reject(new Error('no answer'));
      }, answerTimeoutMs);
      waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ id, action, payload }));
    });
  }

  function lose(lost: WebSocket, code?: number) {
    if (socket !== lost) return;
    drop();
    if (state === 'closed') return;
    const isRefused = code === unauthorized && attempt === 0;
    const pauseMs = isRefused ? 0 : Math.max(leastPauseMs, hintMs ?? backoffMs(attempt));
    attempt += 1;
    change('waiting');
    retryTimer = window.setTimeout(open, pauseMs);
  }

  function drop() {
    const dropped = socket;
    socket = undefined;
    clearInterval(upkeepTimer);
    dropped?.close();
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new Error('connection lost'));
    }
    waiting.clear();
  }

  return {
    open,
    request,
    /** The network came back, or the person looks: no reason to wait longer. */
    retryNow() {
      if (state === 'waiting') open();
    },
    /** The network is gone: a socket may not notice for minutes. */
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

/** The gateway understood and said no. */
class Refusal extends Error {
  readonly code: string;
  readonly retryAfterMs: number;

  constructor({ code, retry_after = 0 }: FrameError) {
    super(code);
    this.code = code;
    this.retryAfterMs = Math.min(retry_after * 1_000, longestPauseMs);
  }
}

/** A node that stops says in its reason when to come back. */
function retryHint(reason: string): number | undefined {
  const ms = /^reconnect_after_ms=(\d+)$/.exec(reason)?.[1];
  return ms === undefined ? undefined : Math.min(Number(ms), longestPauseMs);
}

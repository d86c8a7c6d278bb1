import type { TokenSource } from '../tokens.ts';
import { createAnswers, Refusal } from './answers.ts';
import type { LiveEvent } from './events.ts';
import { createRetries } from './retries.ts';
import { openSocket, type Socket, type SocketClass } from './socket.ts';
import { createUpkeep } from './upkeep.ts';

export type LiveState = 'connecting' | 'online' | 'waiting' | 'closed';

type Options = {
  url: string;
  WebSocket: SocketClass;
  tokens: TokenSource;
  onEvent(event: LiveEvent): void;
  onState(state: LiveState): void;
};

/** The close code of the gateway for a token that expired or was ended. */
const unauthorized = 4401;

/**
 * One socket that stays open: it authenticates first, pings, renews its token before that expires, and reconnects with
 * growing pauses. Events are lost while it is closed, so the caller reads again at each `online`.
 */
export function createConnection(options: Options) {
  const answers = createAnswers();
  let socket: Socket | undefined;
  let state: LiveState = 'closed';
  const retries = createRetries(open);
  const request = (action: string, payload: object) => answers.request(socket, action, payload);
  const upkeep = createUpkeep(options.tokens, request, (opened) => lose(opened));

  function change(next: LiveState) {
    state = next;
    options.onState(next);
  }

  function open() {
    retries.begin();
    change('connecting');
    const opening = openSocket(options.WebSocket, options.url, {
      onOpen: () => void greet(opening),
      onFrame(frame) {
        if (socket !== opening) return;
        if (frame.type === 'event') options.onEvent(frame);
        else answers.settle(frame);
      },
      onLost(code, reason) {
        if (socket === opening && code === unauthorized) upkeep.forgetToken();
        lose(opening, code, reason);
      },
    });
    socket = opening;
  }

  async function greet(opened: Socket) {
    try {
      await upkeep.authenticate();
    } catch (error) {
      if (error instanceof Refusal) retries.waitAtLeast(error.retryAfterMs);
      return lose(opened);
    }
    if (socket !== opened) return;
    retries.succeed();
    upkeep.start(opened);
    change('online');
  }

  function lose(lost: Socket, code?: number, reason?: string) {
    if (socket !== lost) return;
    drop();
    if (state === 'closed') return;
    // First, so that a listener that closes cancels it.
    retries.schedule(code === unauthorized, reason);
    change('waiting');
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
      retries.cancel();
      drop();
    },
  };
}

export type Connection = ReturnType<typeof createConnection>;

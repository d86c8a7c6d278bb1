import type { TokenSource } from '../tokens.ts';
import { Refusal } from './answers.ts';
import type { Socket } from './socket.ts';

const pingEveryMs = 25_000;
const tokenRefused = 'generic_401';

/** Authenticates, and pings or renews the token at each interval. */
export function createUpkeep(
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
      // Any other refusal is temporary, and the token stays valid.
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

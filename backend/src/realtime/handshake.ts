import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Config } from '@parley/config/config';
import { TokenBucket } from 'limiter';

export const realtimePath = '/api/realtime';

type HandshakeConfig = Pick<
  Config,
  | 'CORS_ORIGINS'
  | 'REALTIME_HANDSHAKES_PER_SECOND'
  | 'REALTIME_UNAUTHENTICATED'
  | 'REALTIME_UNAUTHENTICATED_PER_ADDRESS'
>;

/** Who may open a socket, and how many sockets may wait for their `authenticate`. */
export function createHandshakes(config: HandshakeConfig) {
  const perSecond = config.REALTIME_HANDSHAKES_PER_SECOND;
  const bucket = new TokenBucket({ bucketSize: perSecond, tokensPerInterval: perSecond, interval: 'second' });
  bucket.content = perSecond;
  const waiting = new Map<string, number>();
  let waitingInAll = 0;

  return {
    /** The status of a refusal, or undefined. */
    refusal(req: IncomingMessage): number | undefined {
      if (pathOf(req) !== realtimePath) return 404;
      if (req.method !== 'GET') return 405;
      if (!isAllowed(req, config.CORS_ORIGINS)) return 403;
      if (perSecond > 0 && !bucket.tryRemoveTokens(1)) return 503;
      if (waitingInAll >= config.REALTIME_UNAUTHENTICATED) return 503;
      if ((waiting.get(addressOf(req)) ?? 0) >= config.REALTIME_UNAUTHENTICATED_PER_ADDRESS) return 429;
      return undefined;
    },

    /** Counts a socket until the returned function is called. */
    count(req: IncomingMessage): () => void {
      const address = addressOf(req);
      waitingInAll += 1;
      waiting.set(address, (waiting.get(address) ?? 0) + 1);
      let isCounted = true;
      return () => {
        if (!isCounted) return;
        isCounted = false;
        waitingInAll -= 1;
        const left = (waiting.get(address) ?? 1) - 1;
        if (left > 0) waiting.set(address, left);
        else waiting.delete(address);
      };
    },
  };
}

const pathOf = (req: IncomingMessage) => (req.url ?? '').split('?', 1)[0];
const addressOf = (req: IncomingMessage) => req.socket.remoteAddress ?? '';

/** A browser always tells its origin, and a page cannot change it. Who tells none is no browser. */
function isAllowed({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

export function refuseUpgrade(socket: Duplex, status: number) {
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n${status === 503 || status === 429 ? 'Retry-After: 1\r\n' : ''}\r\n`,
    () => socket.destroy(),
  );
}

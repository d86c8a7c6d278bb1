import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Config } from '@parley/config/config';
import { TokenBucket } from 'limiter';
import { clientAddress } from '../http/client-address.ts';

export const realtimePath = '/api/realtime';

type HandshakeConfig = Pick<
  Config,
  | 'CORS_ORIGINS'
  | 'REALTIME_HANDSHAKES_PER_SECOND'
  | 'REALTIME_UNAUTHENTICATED'
  | 'REALTIME_UNAUTHENTICATED_PER_ADDRESS'
  | 'TRUSTED_PROXIES'
>;

/** A socket that has not authenticated yet. */
export type Guest = { address: string; isSilent: boolean; dismiss: () => void };

/** Decides who may open a socket, and limits the sockets that have not authenticated. */
export function createHandshakes(config: HandshakeConfig) {
  const perSecond = config.REALTIME_HANDSHAKES_PER_SECOND;
  const bucket = new TokenBucket({ bucketSize: perSecond, tokensPerInterval: perSecond, interval: 'second' });
  bucket.content = perSecond;
  /** Oldest first. */
  const guests = new Set<Guest>();
  const addresses = new Map<string, Set<Guest>>();

  /**
   * If the limit is reached, closes the oldest guest that has sent nothing. Returns false if every guest has sent a
   * frame.
   */
  function makeRoom(waiting: Set<Guest> | undefined, max: number): boolean {
    if (!waiting || waiting.size < max) return true;
    for (const guest of waiting) {
      if (!guest.isSilent) continue;
      leave(guest);
      guest.dismiss();
      return true;
    }
    return false;
  }

  function leave(guest: Guest) {
    guests.delete(guest);
    const neighbours = addresses.get(guest.address);
    neighbours?.delete(guest);
    if (neighbours?.size === 0) addresses.delete(guest.address);
  }

  return {
    /** The status of a refusal, or undefined. */
    refusal(req: IncomingMessage): number | undefined {
      if (pathOf(req) !== realtimePath) return 404;
      if (req.method !== 'GET') return 405;
      if (!isAllowed(req, config.CORS_ORIGINS)) return 403;
      if (perSecond > 0 && !bucket.tryRemoveTokens(1)) return 503;
      const neighbours = addresses.get(clientAddress(req, config.TRUSTED_PROXIES));
      if (!makeRoom(neighbours, config.REALTIME_UNAUTHENTICATED_PER_ADDRESS)) return 429;
      if (!makeRoom(guests, config.REALTIME_UNAUTHENTICATED)) return 503;
      return undefined;
    },

    /** Counts a new guest until `leave`. */
    enter(req: IncomingMessage): Guest {
      const address = clientAddress(req, config.TRUSTED_PROXIES);
      const guest = { address, isSilent: true, dismiss: () => {} };
      guests.add(guest);
      addresses.set(address, (addresses.get(address) ?? new Set()).add(guest));
      return guest;
    },
    leave,
  };
}

const pathOf = (req: IncomingMessage) => (req.url ?? '').split('?', 1)[0];

/** A browser always sends its origin, and a page cannot change it. A client without one is not a browser. */
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

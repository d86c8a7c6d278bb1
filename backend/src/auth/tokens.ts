import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@parley/config/config';
import { AppError } from '@parley/core/errors';
import { JwtVerifier } from 'aws-jwt-verify';
import {
  FetchError,
  JwksNotAvailableInCacheError,
  JwksValidationError,
  KidNotFoundInJwksError,
} from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { LRUCache } from 'lru-cache';

const keyFetchPauseMs = 1_000;

export type Tokens = ReturnType<typeof createTokens>;

export type Claims = {
  sub: string;
  /** When the person signed in; where the token does not say, when it was issued. */
  issuedAtSeconds: number;
  expiresAtSeconds: number;
};

/**
 * A signature that was found right is not computed again for this long. A key that the issuer withdrew is good for as
 * long after its keys were fetched anew, which the first token of a key that is not known here makes happen.
 */
const verifiedMs = 60_000;
const maxVerified = 20_000;

type TokenConfig = Pick<
  Config,
  'TOKEN_ISSUER' | 'TOKEN_JWKS_URI' | 'COGNITO_USER_POOL_ID' | 'COGNITO_USER_POOL_CLIENT_ID'
>;

/** Verifies access tokens of the configured issuer. Throws where the configuration names none. */
export function createTokens(config: TokenConfig) {
  const issuer = issuerOf(config);
  const clientId = config.COGNITO_USER_POOL_CLIENT_ID;
  if (!clientId) throw new Error('COGNITO_USER_POOL_CLIENT_ID is not set');
  const jwksUri = config.TOKEN_JWKS_URI || `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  const isHttp = new URL(jwksUri).protocol === 'http:';
  if (isHttp && !isLoopback(jwksUri)) {
    throw new Error(`The keys of tokens come over https, or over http from this machine: ${jwksUri}`);
  }
  const verifier = JwtVerifier.create(
    {
      issuer,
      audience: null,
      jwksUri,
      customJwtCheck({ header, payload }) {
        const { token_use, client_id, sub, exp, iat } = payload;
        const isAccessToken = header.alg === 'RS256' && token_use === 'access' && client_id === clientId;
        if (!isAccessToken || !sub || exp === undefined || iat === undefined)
          throw new AppError('generic_401');
      },
    },
    {
      jwksCache: new KeyCache({
        penaltyBox: createFetchPacer(),
        ...(isHttp && { fetcher: loopbackFetcher }),
      }),
    },
  );

  /** By the hash of the whole token: another one, be it in one letter, is verified. */
  const verified = new LRUCache<string, Claims>({ max: maxVerified, ttl: verifiedMs });
  const isCurrent = ({ expiresAtSeconds }: Claims) => expiresAtSeconds * 1_000 > Date.now();

  return {
    /** Throws `generic_401`, or `busy` where the issuer's keys cannot be had. */
    async verify(token: string): Promise<Claims> {
      const hash = createHash('sha256').update(token).digest('base64');
      const known = verified.get(hash);
      if (known && isCurrent(known)) return known;
      try {
        const { sub = '', iat = 0, exp = 0, auth_time } = await verifier.verify(token);
        const issuedAtSeconds = typeof auth_time === 'number' ? Math.min(auth_time, iat) : iat;
        const claims = { sub, issuedAtSeconds, expiresAtSeconds: exp };
        verified.set(hash, claims);
        return claims;
      } catch (error) {
        if (error instanceof AppError) throw error;
        const isIssuerAway = error instanceof FetchError || error instanceof JwksValidationError;
        throw new AppError(isIssuerAway ? 'busy' : 'generic_401', { cause: error });
      }
    },
  };
}

/** Tokens that may wait for a fetch of keys, once there are keys: made-up ones must not take all places of a node. */
const maxWaiting = 64;

class KeyCache extends SimpleJwksCache {
  #waiting = 0;
  #hasKeys = false;

  override async getJwk(...[uri, token]: Parameters<SimpleJwksCache['getJwk']>) {
    try {
      return this.getCachedJwk(uri, token);
    } catch (error) {
      if (!(error instanceof JwksNotAvailableInCacheError || error instanceof KidNotFoundInJwksError))
        throw error;
    }
    if (this.#hasKeys && this.#waiting >= maxWaiting) throw new AppError('busy');
    this.#waiting += 1;
    try {
      const key = await super.getJwk(uri, token);
      this.#hasKeys = true;
      return key;
    } finally {
      this.#waiting -= 1;
    }
  }
}

/**
 * After a key that was not found the next fetch is a second away, and tokens wait for it: made-up keys neither flood
 * the issuer nor, as the library's own pacing would, refuse tokens of a key that has just come.
 */
function createFetchPacer() {
  let openAtMs = 0;
  return {
    async wait() {
      const leftMs = openAtMs - performance.now();
      if (leftMs > 0) await sleep(leftMs);
    },
    release() {
      openAtMs = 0;
    },
    registerFailedAttempt() {
      openAtMs = performance.now() + keyFetchPauseMs;
    },
    registerSuccessfulAttempt() {},
  };
}

function issuerOf({ TOKEN_ISSUER, COGNITO_USER_POOL_ID }: TokenConfig): string {
  if (TOKEN_ISSUER) return TOKEN_ISSUER;
  if (!COGNITO_USER_POOL_ID) throw new Error('Neither TOKEN_ISSUER nor COGNITO_USER_POOL_ID is set');
  return `https://cognito-idp.${COGNITO_USER_POOL_ID.split('_')[0]}.amazonaws.com/${COGNITO_USER_POOL_ID}`;
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** The library fetches over https only. A redirect could lead off this machine. */
const loopbackFetcher = {
  async fetch(uri: string) {
    try {
      const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(3_000) });
      if (!response.ok) throw new FetchError(uri, `status ${response.status}`);
      return await response.arrayBuffer();
    } catch (error) {
      throw error instanceof FetchError ? error : new FetchError(uri, error);
    }
  },
};

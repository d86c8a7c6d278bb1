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
  /** The time of the sign-in, or of the token's issue if the token does not say. */
  issuedAtSeconds: number;
  expiresAtSeconds: number;
};

/**
 * A verified signature is not computed again for this long. A key that the issuer withdrew therefore works for up to
 * this long after the next fetch of keys, which the first token with an unknown key triggers.
 */
const verifiedMs = 60_000;
const maxVerified = 20_000;

type TokenConfig = Pick<
  Config,
  'TOKEN_ISSUER' | 'TOKEN_JWKS_URI' | 'COGNITO_USER_POOL_ID' | 'COGNITO_USER_POOL_CLIENT_ID'
>;

/** Verifies access tokens of the configured issuer. Throws if the configuration names none. */
export function createTokens(config: TokenConfig) {
  const issuer = issuerOf(config);
  const clientId = config.COGNITO_USER_POOL_CLIENT_ID;
  if (!clientId) throw new Error('COGNITO_USER_POOL_CLIENT_ID is not set');
  const jwksUri = config.TOKEN_JWKS_URI || `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  const isHttp = new URL(jwksUri).protocol === 'http:';
  if (isHttp && !isLoopback(jwksUri)) {
    throw new Error(`TOKEN_JWKS_URI must use https, or http on this machine: ${jwksUri}`);
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

  /** By the hash of the whole token, so a token that differs in one letter is verified. */
  const verified = new LRUCache<string, Claims>({ max: maxVerified, ttl: verifiedMs });
  const isCurrent = ({ expiresAtSeconds }: Claims) => expiresAtSeconds * 1_000 > Date.now();

  return {
    /** Throws `generic_401`, or `busy` if the issuer's keys cannot be fetched. */
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
        const isIssuerDown = error instanceof FetchError || error instanceof JwksValidationError;
        throw new AppError(isIssuerDown ? 'busy' : 'generic_401', { cause: error });
      }
    },
  };
}

/** How many tokens may wait for keys once the first keys are here, so that forged tokens cannot fill the node. */
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
 * After an unknown key the next fetch happens at least a second later, and tokens wait for it. Forged keys therefore do
 * not flood the issuer. The library's own pacing would refuse tokens of a new key for a while.
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

/** Fetches over http, which the library refuses. Follows no redirect, because it could lead off this machine. */
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

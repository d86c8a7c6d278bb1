import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { urlOf } from '../http/server.ts';

export const clientId = 'test-client';

export type TokenChanges = {
  /** Claims to add or replace. An undefined value removes the claim. */
  claims?: JWTPayload;
  header?: Partial<JWTHeaderParameters>;
  key?: KeyObject | Uint8Array;
};

/** An issuer of access tokens that serves its key set on loopback, like the embedded sign-in. */
export async function createIssuer() {
  const keys = new Map([['key-1', generateKeyPairSync('rsa', { modulusLength: 2048 })]]);
  let keyFetches = 0;
  let held = Promise.resolve();
  const server = createServer(async (_req, res) => {
    keyFetches += 1;
    await held;
    const jwks = [...keys].map(async ([kid, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: 'RS256',
      use: 'sig',
    }));
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: await Promise.all(jwks) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `${urlOf(server)}/pool`;

  return {
    issuer,
    keyFetches: () => keyFetches,
    /** Stops answering requests for keys until the returned function is called. */
    holdKeys(): () => void {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    publicKey: (kid = 'key-1') => keyOf(kid).publicKey,
    addKey: (kid: string) => keys.set(kid, generateKeyPairSync('rsa', { modulusLength: 2048 })),
    token(sub: string, { claims, header, key }: TokenChanges = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const payload: JWTPayload = {
        sub,
        iss: issuer,
        client_id: clientId,
        token_use: 'access',
        scope: 'aws.cognito.signin.user.admin',
        auth_time: now,
        iat: now,
        exp: now + 3_600,
        ...claims,
      };
      const { alg = 'RS256', kid = 'key-1', ...others } = header ?? {};
      return new SignJWT(payload)
        .setProtectedHeader({ alg, kid, ...others })
        .sign(key ?? keyOf(kid).privateKey);
    },
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };

  function keyOf(kid: string) {
    const pair = keys.get(kid);
    if (!pair) throw new Error(`no key ${kid}`);
    return pair;
  }
}

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, jwtVerify, SignJWT } from 'jose';

/** Creates a key once for each folder, so that no key of another system or of a library can sign tokens for this one. */
export async function openSigningKey(dir: string, issuer: string) {
  const privateKey = createPrivateKey(readOrMake(join(dir, 'signing-key.pem')));
  const publicKey = createPublicKey(privateKey);
  const jwk = await exportJWK(publicKey);
  const kid = createHash('sha256').update(String(jwk.n)).digest('base64url').slice(0, 16);
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] },
    sign: (claims: Record<string, unknown>) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).setIssuer(issuer).sign(privateKey),
    /** Throws if the token is not ours or has expired. */
    verify: async (token: string) =>
      (await jwtVerify(token, publicKey, { issuer, algorithms: ['RS256'] })).payload,
  };
}

export type SigningKey = Awaited<ReturnType<typeof openSigningKey>>;

function readOrMake(path: string) {
  const kept = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // A full disk can leave an empty file.
  if (kept !== '') return kept;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const partial = `${path}.partial`;
  writeFileSync(partial, pem, { mode: 0o600 });
  renameSync(partial, path);
  return pem;
}

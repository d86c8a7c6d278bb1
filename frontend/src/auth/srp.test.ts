import { createHash, createHmac, getDiffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ClientConfig } from '@parley/client/api/types';
import { createCognito } from './cognito.ts';

/*
 * The other side of the protocol, computed from its description and not from the library that the page uses: SRP-6a with
 * SHA-256 in the 3072-bit group of RFC 3526 (Node's own copy of it), and Cognito's way of signing with the shared key.
 */

const N = BigInt(`0x${getDiffieHellman('modp15').getPrime('hex')}`);
const g = 2n;

/** Bytes of a positive number: a leading zero byte where the first bit is set. */
function bytes(value: bigint) {
  const hex = value.toString(16);
  const even = hex.length % 2 === 1 ? `0${hex}` : hex;
  return Buffer.from(/^[89a-f]/i.test(even) ? `00${even}` : even, 'hex');
}
const sha256 = (...parts: (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const number = (buffer: Buffer) => BigInt(`0x${buffer.toString('hex')}`);

function power(base: bigint, exponent: bigint) {
  let [result, square] = [1n, base % N];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}

const k = number(sha256(bytes(N), bytes(g)));

/** A user pool that knows a verifier, and no password. */
function userPool(poolName: string, userId: string, password: string) {
  const salt = number(randomBytes(16));
  const x = number(sha256(bytes(salt), sha256(`${poolName}${userId}:${password}`)));
  const verifier = power(g, x);
  const bodies: string[] = [];
  let [A, b, B] = [0n, 0n, 0n];
  const secretBlock = randomBytes(64).toString('base64');

  function begin({ AuthParameters }: { AuthParameters: { SRP_A: string; USERNAME: string } }) {
    A = BigInt(`0x${AuthParameters.SRP_A}`);
    b = number(randomBytes(128));
    B = (k * verifier + power(g, b)) % N;
    return {
      ChallengeName: 'PASSWORD_VERIFIER',
      ChallengeParameters: {
        SALT: salt.toString(16),
        SRP_B: B.toString(16),
        SECRET_BLOCK: secretBlock,
        USERNAME: userId,
        USER_ID_FOR_SRP: userId,
      },
    };
  }

  function verify({ ChallengeResponses: said }: { ChallengeResponses: Record<string, string> }) {
    const u = number(sha256(bytes(A), bytes(B)));
    const shared = power(A * power(verifier, u), b);
    const key = hkdfSync('sha256', bytes(shared), bytes(u), 'Caldera Derived Key', 16);
    const signature = createHmac('sha256', Buffer.from(key))
      .update(poolName)
      .update(userId)
      .update(Buffer.from(secretBlock, 'base64'))
      .update(said.TIMESTAMP ?? '')
      .digest('base64');
    return said.PASSWORD_CLAIM_SIGNATURE === signature && said.PASSWORD_CLAIM_SECRET_BLOCK === secretBlock;
  }

  const fetch: typeof globalThis.fetch = async (_url, request) => {
    const text = String(request?.body);
    bodies.push(text);
    const headers = new Headers(request?.headers);
    if (headers.get('X-Amz-Target')?.endsWith('.InitiateAuth')) return Response.json(begin(JSON.parse(text)));
    if (!verify(JSON.parse(text)))
      return Response.json({ __type: 'NotAuthorizedException', message: 'wrong' }, { status: 400 });
    return Response.json({
      AuthenticationResult: { AccessToken: 'access', RefreshToken: 'refresh', ExpiresIn: 3600 },
    });
  };
  return { fetch, bodies };
}

const config = {
  user_pool_id: 'eu-west-1_Harbour1',
  user_pool_client_id: 'client',
  cognito_endpoint: 'https://cognito-idp.eu-west-1.amazonaws.com',
  auth_flows: ['USER_SRP_AUTH'],
} as unknown as ClientConfig;

describe('a sign-in with SRP', () => {
  test('proves the password to a server that knows only its verifier, and never sends it', async () => {
    for (let time = 0; time < 3; time += 1) {
      const { fetch, bodies } = userPool('Harbour1', 'b7c1-user', 'Sesame-2026 ü');
      const tokens = await createCognito(config, fetch).signIn('ana@example.org', 'Sesame-2026 ü');
      expect(tokens).toMatchObject({ access: 'access', refresh: 'refresh' });
      expect(bodies).toHaveLength(2);
      for (const body of bodies) expect(body).not.toContain('Sesame');
    }
  });

  test('fails with another password, in words for people', async () => {
    const { fetch } = userPool('Harbour1', 'b7c1-user', 'Sesame-2026');
    await expect(createCognito(config, fetch).signIn('ana@example.org', 'sesame-2026')).rejects.toThrow(
      'The e-mail address or the password is wrong.',
    );
  });
});

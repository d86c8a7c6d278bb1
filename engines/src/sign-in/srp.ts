import {
  createHash,
  createHmac,
  getDiffieHellman,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/* The server side of Cognito's SRP-6a: SHA-256 in the 3072-bit group of RFC 3526. */

const N = BigInt(`0x${getDiffieHellman('modp15').getPrime('hex')}`);
const g = 2n;

const sha256 = (...parts: (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const number = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex') || '0'}`);

/** The bytes of a positive number, with a leading zero byte if the first bit is set. */
function bytes(value: bigint) {
  const hex = value.toString(16);
  const even = hex.length % 2 === 1 ? `0${hex}` : hex;
  return Buffer.from(/^[89a-f]/i.test(even) ? `00${even}` : even, 'hex');
}

const k = number(sha256(bytes(N), bytes(g)));

function power(base: bigint, exponent: bigint) {
  let [result, square] = [1n, base % N];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}

/** The stored form of a password, in hex. It can check a password, but not be used to sign in. */
export type Verifier = { salt: string; verifier: string };

/** `identity` is the name of the pool followed by the person's id. */
export function makeVerifier(identity: string, password: string, salt = randomBytes(16)): Verifier {
  const x = number(sha256(bytes(number(salt)), sha256(`${identity}:${password}`)));
  return { salt: number(salt).toString(16), verifier: power(g, x).toString(16) };
}

export function matches(identity: string, password: string, { salt, verifier }: Verifier) {
  const even = salt.length % 2 === 1 ? `0${salt}` : salt;
  const tried = makeVerifier(identity, password, Buffer.from(even, 'hex')).verifier;
  return timingSafeEqual(sha256(tried), sha256(verifier));
}

export type Exchange = {
  identity: string;
  verifier: bigint;
  A: bigint;
  b: bigint;
  B: bigint;
  secretBlock: string;
};

/** Undefined if the client's number would make the shared secret predictable. */
export function beginExchange(identity: string, { verifier }: Verifier, srpA: string): Exchange | undefined {
  if (!/^[\da-f]+$/i.test(srpA)) return undefined;
  const A = BigInt(`0x${srpA}`);
  if (A % N === 0n) return undefined;
  const v = BigInt(`0x${verifier}`);
  const b = number(randomBytes(32));
  const B = (k * v + power(g, b)) % N;
  return { identity, verifier: v, A, b, B, secretBlock: randomBytes(64).toString('base64') };
}

export function provesPassword(exchange: Exchange, timestamp: string, signature: string) {
  const { identity, verifier, A, b, B, secretBlock } = exchange;
  const u = number(sha256(bytes(A), bytes(B)));
  const shared = power(A * power(verifier, u), b);
  const key = hkdfSync('sha256', bytes(shared), bytes(u), 'Caldera Derived Key', 16);
  const expected = createHmac('sha256', Buffer.from(key))
    .update(identity)
    .update(Buffer.from(secretBlock, 'base64'))
    .update(timestamp)
    .digest('base64');
  return timingSafeEqual(sha256(expected), sha256(signature));
}

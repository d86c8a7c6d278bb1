import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * The signature of a delivery says where it goes and what comes: `<ms>.<nonce>.<hash of the body>.<mac>`. The MAC also
 * covers method, path, length of the body and the id of the node, which is new with each start of its process. A node
 * therefore decides by the header alone, before it reads a body.
 */

export const signatureHeader = 'parley-signature';

const toleranceMs = 5 * 60_000;

/** What a signature is bound to, beside its time, nonce and body hash. */
type Request = { nodeId: string; path: string; length: number };

export function sign(
  secret: string,
  { body, nowMs, ...to }: { nodeId: string; path: string; body: Buffer; nowMs: number },
): string {
  const [time, nonce, hash] = [
    String(Math.round(nowMs)),
    randomBytes(16).toString('base64url'),
    hashOf(body),
  ];
  const signed = mac(secret, { ...to, length: body.length }, time, nonce, hash);
  return [time, nonce, hash, signed.toString('base64url')].join('.');
}

export const hashOf = (body: Buffer) => createHash('sha256').update(body).digest('base64url');

const mac = (secret: string, { nodeId, path, length }: Request, time: string, nonce: string, hash: string) =>
  createHmac('sha256', secret).update(['POST', path, nodeId, length, time, nonce, hash].join('\n')).digest();

/** Verifies what is sent to this start of this node. */
export function createVerifier(secrets: readonly string[], nodeId: string) {
  // By the minute of the signature, so that the nonces of an expired minute are dropped together.
  const nonces = new Map<number, Set<string>>();

  /** The hash that the body must have; undefined for a header that is forged, too old, repeated or for another node. */
  return function verify(
    signature: string,
    { nowMs, ...request }: { path: string; length: number; nowMs: number },
  ): string | undefined {
    const [time = '', nonce = '', hash = '', given = ''] = signature.split('.');
    if (!/^\d{1,15}$/.test(time) || Math.abs(nowMs - Number(time)) > toleranceMs) return undefined;
    const givenMac = Buffer.from(given, 'base64url');
    const isSigned = secrets.some((secret) => {
      const expected = mac(secret, { ...request, nodeId }, time, nonce, hash);
      return expected.length === givenMac.length && timingSafeEqual(expected, givenMac);
    });
    if (!isSigned) return undefined;
    for (const minute of nonces.keys()) if (minute * 60_000 < nowMs - 2 * toleranceMs) nonces.delete(minute);
    const minute = Math.floor(Number(time) / 60_000);
    const seen = nonces.get(minute) ?? new Set();
    nonces.set(minute, seen);
    if (seen.has(nonce)) return undefined;
    seen.add(nonce);
    return hash;
  };
}

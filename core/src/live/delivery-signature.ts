import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * The signature of a delivery is `<ms>.<nonce>.<hash of the body>.<mac>`. The MAC also covers method, path, length of
 * the body and the id of the receiving node, which is new with each start of its process. So a node can refuse a
 * request by its header alone, before it reads the body.
 */

export const signatureHeader = 'parley-signature';

const toleranceMs = 5 * 60_000;

/** The parts of a request that a signature covers, besides time, nonce and body hash. */
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

/** Verifies requests to this node since this start. */
export function createVerifier(secrets: readonly string[], nodeId: string) {
  // Grouped by the minute of the signature, so that the nonces of an expired minute are dropped together.
  const nonces = new Map<number, Set<string>>();

  /**
   * Returns the hash that the body must have. Undefined if the header is forged, too old, repeated or for another node.
   */
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

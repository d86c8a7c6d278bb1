import { describe, expect, it } from '@jest/globals';
import { createVerifier, hashOf, sign } from './delivery-signature.ts';

const nowMs = Date.parse('2026-01-01T00:00:00.000Z');
const minuteMs = 60_000;
const body = Buffer.from('{}');
const to = { nodeId: 'node', path: '/deliver' };
const received = (atMs: number) => ({ path: to.path, length: body.length, nowMs: atMs });

describe('a signature', () => {
  it('is valid for five minutes in either direction', () => {
    const signedAt = (atMs: number) => sign('secret', { ...to, body, nowMs: atMs });
    const verify = createVerifier(['secret'], to.nodeId);
    for (const atMs of [nowMs - 5 * minuteMs, nowMs + 5 * minuteMs])
      expect(verify(signedAt(atMs), received(nowMs))).toBe(hashOf(body));
    for (const atMs of [nowMs - 5 * minuteMs - 1, nowMs + 5 * minuteMs + 1])
      expect(verify(signedAt(atMs), received(nowMs))).toBeUndefined();
  });

  it('is accepted only once while it is valid', () => {
    const verify = createVerifier(['secret'], to.nodeId);
    // Signed by a node whose clock is ahead, so it is valid for almost ten minutes.
    const signature = sign('secret', { ...to, body, nowMs: nowMs + 5 * minuteMs });
    expect(verify(signature, received(nowMs))).toBe(hashOf(body));
    for (const laterMs of [1, 3 * minuteMs, 9 * minuteMs, 10 * minuteMs]) {
      // Other signatures in between make the verifier drop old ones.
      const other = sign('secret', { ...to, body, nowMs: nowMs + laterMs });
      expect(verify(other, received(nowMs + laterMs))).toBe(hashOf(body));
      expect(verify(signature, received(nowMs + laterMs))).toBeUndefined();
    }
  });

  it('is valid only for one path, length, node and secret', () => {
    const verify = createVerifier(['secret'], to.nodeId);
    const signed = (changes: object, secret = 'secret') => sign(secret, { ...to, body, nowMs, ...changes });
    expect(verify(signed({ path: '/online' }), received(nowMs))).toBeUndefined();
    expect(verify(signed({ nodeId: 'other' }), received(nowMs))).toBeUndefined();
    expect(verify(signed({ body: Buffer.from('{ }') }), received(nowMs))).toBeUndefined();
    expect(verify(signed({}, 'guessed'), received(nowMs))).toBeUndefined();
    expect(verify(signed({}), received(nowMs))).toBe(hashOf(body));
  });
});

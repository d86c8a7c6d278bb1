import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { clientAddress } from './client-address.ts';

const request = (remoteAddress: string, forwarded?: string) =>
  ({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }) as unknown as IncomingMessage;

describe("a client's address", () => {
  test.each([
    ['without proxies the peer, whatever a header says', 0, '198.51.100.7', '203.0.113.9', '198.51.100.7'],
    [
      'behind one proxy: the address it saw, not what the client claims',
      1,
      '10.0.0.1',
      '6.6.6.6, 203.0.113.9',
      '203.0.113.9',
    ],
    [
      'behind two: the address the outer one saw',
      2,
      '10.0.0.1',
      '6.6.6.6,203.0.113.9, 130.176.0.1',
      '203.0.113.9',
    ],
    ['the outermost address if there are fewer proxies', 2, '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['the peer without a header', 2, '203.0.113.9', undefined, '203.0.113.9'],
    ['an IPv4 address that is written as IPv6', 0, '::ffff:203.0.113.9', undefined, '203.0.113.9'],
    ['the /64 of an IPv6 address', 0, '2001:DB8:1:2:aaaa:bbbb:cccc:dddd', undefined, '2001:db8:1:2::/64'],
    ['the same of a short address', 0, '2001:db8::1', undefined, '2001:db8:0:0::/64'],
    ['the same of loopback', 0, '::1', undefined, '0:0:0:0::/64'],
  ])('is %s', (_, proxies, peer, forwarded, expected) => {
    expect(clientAddress(request(peer, forwarded), proxies)).toBe(expected);
  });
});

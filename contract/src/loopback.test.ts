import { describe, expect, it } from '@jest/globals';
import { refusalOf } from './loopback.ts';

describe('a server for this machine', () => {
  it.each(['127.0.0.1:4571', '127.9.8.7', 'localhost:1', 'LOCALHOST', '[::1]:4571'])(
    'accepts the host %s',
    (host) => {
      expect(refusalOf({ host })).toBeUndefined();
      expect(refusalOf({ host, origin: 'http://a.example' })).toBe('pages of this origin are not allowed');
      expect(
        refusalOf({ host, origin: 'http://a.example' }, { origins: ['http://a.example'] }),
      ).toBeUndefined();
    },
  );

  it.each([
    undefined,
    '',
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example:4571',
    '[::2]',
    '10.0.0.1',
  ])('refuses the host %s', (host) => {
    expect(refusalOf({ host })).toBe('the host is not this machine');
  });

  it('does not check the host if it is bound to another address, but still refuses pages', () => {
    expect(refusalOf({ host: 'metrics.internal' }, { boundTo: '0.0.0.0' })).toBeUndefined();
    expect(refusalOf({ host: 'metrics.internal', origin: 'null' }, { boundTo: '0.0.0.0' })).toBeDefined();
  });
});

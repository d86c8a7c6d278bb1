import { describe, expect, it } from '@jest/globals';
import { refusalOf } from './loopback.ts';

describe('a server of this machine', () => {
  it.each(['127.0.0.1:4571', '127.9.8.7', 'localhost:1', 'LOCALHOST', '[::1]:4571'])(
    'is asked by the name %s',
    (host) => {
      expect(refusalOf({ host })).toBeUndefined();
      expect(refusalOf({ host, origin: 'http://a.example' })).toBe('pages of this origin are not let in');
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
  ])('is not asked by the name %s', (host) => {
    expect(refusalOf({ host })).toBe('the host is not this machine');
  });

  it('that is bound to another address has names that are not known, and no pages all the same', () => {
    expect(refusalOf({ host: 'metrics.internal' }, { boundTo: '0.0.0.0' })).toBeUndefined();
    expect(refusalOf({ host: 'metrics.internal', origin: 'null' }, { boundTo: '0.0.0.0' })).toBeDefined();
  });
});

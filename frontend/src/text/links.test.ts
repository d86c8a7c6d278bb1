import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitLinks } from './links.ts';

const hrefs = (text: string) => splitLinks(text).flatMap(({ href }) => href ?? []);
const links = (text: string) => splitLinks(text).flatMap(({ text, href }) => (href ? [text] : []));

test.each([
  ['see https://example.org/a, and', 'https://example.org/a'],
  ['https://example.org/a.', 'https://example.org/a'],
  ['(http://example.org/b) and', 'http://example.org/b'],
  ['https://example.org/x_(y).', 'https://example.org/x_(y)'],
  ['(https://example.org/x_(y))', 'https://example.org/x_(y)'],
  ['https://example.org/a_(b)_[c]_{d}!', 'https://example.org/a_(b)_[c]_{d}'],
  ['{https://example.org/a}', 'https://example.org/a'],
  ['**https://example.org/a**', 'https://example.org/a'],
  ['見て https://example.org/a。次の文', 'https://example.org/a'],
  ['https://example.org，请看', 'https://example.org'],
  ['（https://example.org/a）と', 'https://example.org/a'],
  ['「https://example.org/q?x=1」', 'https://example.org/q?x=1'],
  ['“https://example.org/a”', 'https://example.org/a'],
  ['‘https://example.org/a’', 'https://example.org/a'],
  ['«https://example.org/a»', 'https://example.org/a'],
  ['»https://example.org/a« so', 'https://example.org/a'],
  ['https://example.org/a… perhaps', 'https://example.org/a'],
  ['<https://example.org/a>', 'https://example.org/a'],
  ['https://münchen.example/straße?q=ä#ö', 'https://münchen.example/straße?q=ä#ö'],
  ['https://例え.jp/パス です', 'https://例え.jp/パス'],
  ['http://127.0.0.1:4567/x and', 'http://127.0.0.1:4567/x'],
  ['http://[::1]:80/x', 'http://[::1]:80/x'],
  ['https://example.org/👩‍👧', 'https://example.org/👩‍👧'],
])('%s', (text, link) => {
  expect(links(text)).toEqual([link]);
});

test('nothing but http, https, mailto and www. becomes a link', () => {
  const texts = [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://example.org',
    'https://',
    'xhttps://example.org',
    'example.org wwwexample.org www. awww.example.org',
    'ana@example.org mailto:',
    '//example.org/a',
  ];
  expect(texts.flatMap(hrefs)).toEqual([]);
});

test('an address without a scheme leads to https, and mailto to a letter', () => {
  expect(hrefs('see www.example.org/a. mailto:ana@example.org, WWW.Example.ORG')).toEqual([
    'https://www.example.org/a',
    'mailto:ana@example.org',
    'https://www.example.org/',
  ]);
  expect(splitLinks('www.аррӏе.com').map(({ host }) => host)).toEqual(['www.xn--80ak6aa92e.com']);
});

test('an address that hides where it leads is no link', () => {
  const texts = [
    'https://paypal.com@evil.example/',
    'https://paypal.com:443@evil.example/',
    'https://paypal.com%2F@evil.example',
    'https://evil.example/\u202egpj.exe',
    'https://evil.example/\u2067a',
    'https://pay\u00adpal.example/',
    'https://example.org/a\u200bb',
    'https://example.org/a\u2800b',
    'www.paypal.com@evil.example',
    'mailto:ana\u202e@example.org',
  ];
  expect(texts.flatMap(links)).toEqual([]);
});

test('a link says the host that it leads to, where another one is written', () => {
  const hosts = (text: string) => splitLinks(text).flatMap(({ host }) => host ?? []);
  // The first is written in Cyrillic letters.
  expect(hosts('https://аррӏе.com/ https://ｇoogle.com https://0x7f.1/')).toEqual([
    'xn--80ak6aa92e.com',
    'google.com',
    '127.0.0.1',
  ]);
  expect(hosts('HTTPS://Example.ORG:443/a http://[::1]/ https://xn--80ak6aa92e.com')).toEqual([]);
});

test('no text is lost or added, and every link is one of the web to the host that it shows', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.webUrl(),
      fc.constantFrom(
        'www.a.example',
        'mailto:a@b.example',
        'https://a.example/((.',
        'https://a.example',
        '@',
        '\u202e',
        '。',
        '»',
        '}',
      ),
    ),
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      const split = splitLinks(text);
      expect(split.map((part) => part.text).join('')).toBe(text);
      for (const { text: shown, href, host } of split) {
        if (!href) continue;
        const { protocol, hostname, username } = new URL(href);
        if (protocol === 'mailto:') continue;
        expect([protocol.startsWith('http'), username]).toEqual([true, '']);
        expect(host ?? shown.toLowerCase()).toContain(hostname);
      }
    }),
  );
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitLinks } from './links.ts';

const hrefs = (text: string) => splitLinks(text).flatMap(({ href }) => href ?? []);

test('web addresses become links without the punctuation around them', () => {
  expect(hrefs('see https://example.org/a, (http://example.org/b) and https://example.org/x_(y).')).toEqual([
    'https://example.org/a',
    'http://example.org/b',
    'https://example.org/x_(y)',
  ]);
});

test('nothing but http and https becomes a link', () => {
  const texts = [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://example.org',
    'https://',
    'xhttps://example.org',
  ];
  expect(texts.flatMap(hrefs)).toEqual([]);
});

test('no text is lost or added, and every link is one of the web', () => {
  const pieces = fc.array(
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.webUrl(), fc.constant('https://a.example/((.')),
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      const split = splitLinks(text);
      expect(split.map((part) => part.text).join('')).toBe(text);
      for (const { href } of split) expect(href ?? 'https://').toMatch(/^https?:\/\//);
    }),
  );
});

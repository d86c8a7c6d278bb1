import { expect, it } from '@jest/globals';
import { isolate } from './direction.ts';

it('isolates a text that could change the direction of the text beside it', () => {
  expect(isolate('\u202eadam')).toBe('\u2068\u202eadam\u2069');
  expect(isolate('שלום')).toBe('\u2068שלום\u2069');
  expect(isolate('a \u0639 b')).toBe('\u2068a \u0639 b\u2069');
  expect(isolate('\u{1e900}')).toBe('\u2068\u{1e900}\u2069');
});

it('does not change a text that has no influence on direction', () => {
  expect(['Zoë', 'Tomás 3', '字', '\u{1f469}\u200d\u{1f467}', ''].map(isolate)).toEqual([
    'Zoë',
    'Tomás 3',
    '字',
    '\u{1f469}\u200d\u{1f467}',
    '',
  ]);
});

it('closes open isolates, and drops a closing mark without an isolate', () => {
  expect(isolate('a\u2069b')).toBe('\u2068ab\u2069');
  expect(isolate('\u2067a')).toBe('\u2068\u2067a\u2069\u2069');
  expect(isolate('\u2066a\u2069\u2069\u2068')).toBe('\u2068\u2066a\u2069\u2068\u2069\u2069');
});

it('puts the text on one line', () => {
  expect(isolate('a\nb\u2029c\u001bd')).toBe('a b c d');
});

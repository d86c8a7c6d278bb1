import { expect, it } from '@jest/globals';
import { isBlank } from './visible.ts';

const codePoint = (point: number) => `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;

it('counts white space, controls and characters that no font draws as blank', () => {
  const invisible = [
    0x00, 0x07, 0x09, 0x0a, 0x1b, 0x1f, 0x20, 0x7f, 0x85, 0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x1680,
    0x17b4, 0x180e, 0x200b, 0x200d, 0x200f, 0x2028, 0x2029, 0x202e, 0x2060, 0x2063, 0x2069, 0x2800, 0x3000,
    0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xfffb, 0xfffc, 0xfffe, 0xffff, 0x13430, 0x16fe4, 0x1d159,
    0x1d173, 0xe0001, 0xe0020, 0xe0100,
  ];
  expect(invisible.filter((point) => !isBlank(String.fromCodePoint(point))).map(codePoint)).toEqual([]);
  expect(isBlank('')).toBe(true);
  expect(isBlank(invisible.map((point) => String.fromCodePoint(point)).join(''))).toBe(true);
});

it('does not count a text with a letter, digit, mark, symbol or emoji as blank', () => {
  const visible = [
    'a',
    '0',
    '.',
    '_',
    '\u0301',
    '\u0600',
    '\u06dd',
    '\u{1f600}',
    '\u{1f1eb}',
    '\ufffd',
    '\u2801',
    '字',
  ];
  expect(visible.filter(isBlank)).toEqual([]);
  expect(isBlank('\u2800\u0007 \ufffcx\u0000')).toBe(false);
  expect(isBlank('\u200d\u{1f469}\u200d')).toBe(false);
});

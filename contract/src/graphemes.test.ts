import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cut, cutUnits, firstGrapheme } from './graphemes.ts';

const family = '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}';
const flag = '\u{1f1eb}\u{1f1ee}';
const accented = 'e\u0301';

it('cuts between two graphemes, never within one', () => {
  expect(cut('abc', 2)).toBe('ab');
  expect(cut(`a${family}b`, 4)).toBe('a');
  expect(cut(`a${family}b`, 6)).toBe(`a${family}`);
  expect(cut(`${flag}${flag}`, 3)).toBe(flag);
  expect(cut(`ab${accented}`, 3)).toBe('ab');
  expect(cut('a\r\nb', 2)).toBe('a');
  expect(cut('\u{1f600}\u{1f600}', 1)).toBe('\u{1f600}');
});

it('does not change a text that is short enough in code points', () => {
  const smiles = '\u{1f600}'.repeat(200);
  expect(cut(smiles, 200)).toBe(smiles);
  expect(cut(`${smiles}x`, 200)).toBe(smiles);
  expect(cut('', 200)).toBe('');
});

it('cuts a single grapheme that is too long between two code points', () => {
  const tower = `a${'\u0301'.repeat(500)}`;
  expect(cut(tower, 200)).toBe(`a${'\u0301'.repeat(199)}`);
});

it('cuts by UTF-16 units, never within a surrogate pair', () => {
  expect(cutUnits('abc', 2)).toBe('ab');
  expect(cutUnits('abc', 3)).toBe('abc');
  expect(cutUnits('a\u{1f600}', 2)).toBe('a');
  expect(cutUnits('\u{1f600}', 1)).toBe('');
  expect(cutUnits(`${accented}${accented}`, 3)).toBe(accented);
  expect(cutUnits(`a${'\u0301'.repeat(90)}`, 60)).toHaveLength(60);
});

it('always returns the longest beginning of whole graphemes that fits', () => {
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const part = fc.constantFrom(
    'a',
    ' ',
    family,
    flag,
    '\u{1f1eb}',
    accented,
    '\u0301',
    '\r\n',
    '한',
    'क\u094dष',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 8, max: 20 }), (parts, max) => {
      const text = parts.join('');
      let expected = '';
      for (const { segment } of segmenter.segment(text)) {
        if ([...expected, ...segment].length > max) break;
        expected += segment;
      }
      const isTower = expected === '' && text !== '';
      expect(cut(text, max)).toBe(isTower ? [...text].slice(0, max).join('') : expected);
    }),
  );
});

it('finds the first grapheme', () => {
  expect([`${family}x`, `${flag}${flag}`, `${accented}x`, ''].map(firstGrapheme)).toEqual([
    family,
    flag,
    accented,
    '',
  ]);
});

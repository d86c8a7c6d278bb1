import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold } from './fold.ts';

it('folds normal forms, cases, accents and widths to one text', () => {
  const alike = [
    ['Élodie', 'E\u0301lodie', 'élodie', 'ELODIE', 'Ｅｌｏｄｉｅ'],
    ['ΟΔΟΣ', 'Οδός', 'οδοσ', 'οδος'],
    ['Straße', 'STRASSE', 'straſse', 'STRAẞE'],
    ['İstanbul', 'istanbul', 'ISTANBUL', 'ıstanbul'],
    ['ﬁ', 'FI', 'Fi'],
    ['Ёлка', 'елка', 'Е\u0308лка'],
    ['한', '\u1112\u1161\u11ab'],
    ['Ann\u200b\u00adMarie', 'annmarie\ufeff'],
    [' a \u00a0 b\t', 'A B'],
    ['ᾳ', 'ᾼ', 'α'],
  ];
  for (const texts of alike) expect(new Set(texts.map(fold)).size).toBe(1);
});

it('keeps other differences between letters, and marks that are not accents', () => {
  expect(new Set(['l', 'I', '1', 'а', 'a'].map(fold)).size).toBe(5);
  expect(fold('กี่')).toBe('กี่');
  expect(fold('कि')).not.toBe(fold('क'));
  expect(fold('عمر')).toBe('عمر');
});

it('folds every character to the same text in either case, and folding again changes nothing', () => {
  const unstable: string[] = [];
  for (let point = 0; point < 0x20000; point += 1) {
    const char = String.fromCodePoint(point);
    // Upper case writes the iota subscript as a separate letter.
    if (char.normalize('NFD').includes('\u0345')) continue;
    const folded = fold(char);
    const isStable = [folded, char.normalize('NFD'), char.toUpperCase(), char.toLowerCase()].every(
      (text) => fold(text) === folded,
    );
    if (!isStable) unstable.push(`U+${point.toString(16)}`);
  }
  expect(unstable).toEqual([]);
});

it('gives the same result for every normal form and case of any text, and when it is repeated', () => {
  const letters = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(letters, (text) => {
      const folded = fold(text);
      expect(fold(folded)).toBe(folded);
      for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD']) expect(fold(text.normalize(form))).toBe(folded);
    }),
    { numRuns: 300 },
  );
});

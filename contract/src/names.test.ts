import { expect, it } from '@jest/globals';
import { isWellFormedName, withoutUnfit } from './names.ts';

it('refuses controls, separators of lines, directional controls and half characters in a name', () => {
  const unfit = [
    '\0',
    '\u0007',
    '\n',
    '\r',
    '\t',
    '\u001b',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
    '\ud800',
    '\udc00',
  ];
  const turning = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'];
  expect([...unfit, ...turning].filter((char) => isWellFormedName(`a${char}b`))).toEqual([]);
  expect(withoutUnfit(`a${[...unfit, ...turning].join('.')}b`)).toBe(`a${'.'.repeat(20)}b`);
});

it('takes names in every script, with joiners, direction marks and emoji', () => {
  const names = [
    'Zoë',
    'שלום\u200f',
    '\u061cعمر',
    'क\u094d\u200dष',
    '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}',
    'a b',
  ];
  expect(names.filter((name) => !isWellFormedName(name))).toEqual([]);
  expect(names.map(withoutUnfit)).toEqual(names);
});

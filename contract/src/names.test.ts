import { expect, it } from '@jest/globals';
import { isWellFormedName, withoutForbidden } from './names.ts';

it('refuses controls, line separators, directional controls and lone surrogates in a name', () => {
  const controls = [
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
  const directional = [
    '\u202a',
    '\u202b',
    '\u202c',
    '\u202d',
    '\u202e',
    '\u2066',
    '\u2067',
    '\u2068',
    '\u2069',
  ];
  expect([...controls, ...directional].filter((char) => isWellFormedName(`a${char}b`))).toEqual([]);
  expect(withoutForbidden(`a${[...controls, ...directional].join('.')}b`)).toBe(`a${'.'.repeat(20)}b`);
});

it('accepts names in every script, with joiners, direction marks and emoji', () => {
  const names = [
    'Zoë',
    'שלום\u200f',
    '\u061cعمر',
    'क\u094d\u200dष',
    '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}',
    'a b',
  ];
  expect(names.filter((name) => !isWellFormedName(name))).toEqual([]);
  expect(names.map(withoutForbidden)).toEqual(names);
});

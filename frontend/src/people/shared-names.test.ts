import { expect, test } from '@jest/globals';
import { nameAmong, sharedNames } from './shared-names.ts';

const person = (uuid: string, display_name: string) => ({ uuid, handle: `h-${uuid}`, display_name });
const among = (...names: string[]) =>
  [...sharedNames(names.map((name, index) => person(String(index), name)))].sort();

test('a name is shared by those who have it, however often one of them is listed', () => {
  expect(among('Ana Lima', 'Ben Okri', 'Ana Lima')).toEqual(['0', '2']);
  expect([...sharedNames([person('a', 'Ana'), person('a', 'Ana'), person('b', 'Ben')])]).toEqual([]);
});

test.each([
  ['Ana Lima', 'ANA lima'],
  ['Ana Lima', ' Ana  Lima'],
  ['Ana Lima', 'Ana\u00a0Lima'],
  ['Ana Lima', 'Ana\u200b Lima\u2800'],
  ['Zoë', 'Zoe\u0308'],
  ['Alice', 'AIice'],
  ['Maya', 'М\u0430ya'],
  ['Bob', 'B0b'],
  ['Ana', 'Ａｎａ'],
])('%j and %j are one name to the eye', (one, other) => {
  expect(among(one, other)).toEqual(['0', '1']);
});

test.each([
  ['Ana Lima', 'Ana Lina'],
  ['Zoë', 'Zoe'],
  ['Мария', 'Марина'],
])('%j and %j are two', (one, other) => {
  expect(among(one, other)).toEqual([]);
});

test('the handle stands beside a shared name only', () => {
  expect(nameAmong(new Set(['a']), person('a', 'Ana'))).toBe('Ana (@h-a)');
  expect(nameAmong(new Set(['a']), person('b', 'Ben'))).toBe('Ben');
});

import { expect, it } from '@jest/globals';
import { isHandle, isReservedHandle } from './handles.ts';

it('accepts 1 to 30 letters, digits, dots, underscores and dashes, at least one of them a letter or digit', () => {
  expect(['a', '7', '.a', '_._7', 'A-b.C_d', 'x'.repeat(30)].filter((handle) => !isHandle(handle))).toEqual(
    [],
  );
  const illFormed = ['', '.', '..', '_', '-._', 'a b', 'zoë', 'a\n', 'a/b', '\u0430', 'x'.repeat(31)];
  expect(illFormed.filter(isHandle)).toEqual([]);
});

it('reserves the handles that the system gives', () => {
  const reserved = ['deleted-6f9619ff-8b86-4011-b42d-00c04fc964ff', 'DELETED-x', 'missing-1', 'deleted-'];
  expect(reserved.filter((handle) => !isReservedHandle(handle) || isHandle(handle))).toEqual([]);
  expect(['deleted', 'undeleted-1', 'missing.link'].filter(isReservedHandle)).toEqual([]);
});

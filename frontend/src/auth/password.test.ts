import { expect, test } from '@jest/globals';
import { passwordHint, passwordProblem } from './password.ts';

const strict = { min_length: 12, classes: ['symbol', 'digit', 'uppercase', 'lowercase'] } as const;
const policy = { ...strict, classes: [...strict.classes] };

test('the hint says what the user pool demands, and nothing else', () => {
  expect(passwordHint(policy)).toBe(
    'At least 12 characters, with a lower-case letter, an upper-case letter, a digit and a symbol',
  );
  expect(passwordHint({ min_length: 8, classes: [] })).toBe('At least 8 characters');
});

test.each([
  ['abc', 'The password is shorter than 12 characters and lacks an upper-case letter, a digit and a symbol.'],
  ['Sesame-2026', 'The password is shorter than 12 characters.'],
  ['sesame-2026-x', 'The password lacks an upper-case letter.'],
  ['Sesame20260000', 'The password lacks a symbol.'],
  [' Sesame-2026-x', 'A password neither begins nor ends with a blank.'],
  // Cognito counts ASCII alone.
  ['ÄMsel-2026-éü', ''],
  ['ÄMSEL-2026-ÉÜ', 'The password lacks a lower-case letter.'],
  ['Sesame-2026-x', ''],
  ['Sesame 2026 x', ''],
])('%j: %s', (password, problem) => {
  expect(passwordProblem(password, policy)).toBe(problem);
});

test('a pool that demands little is not read as one that demands more', () => {
  expect(passwordProblem('aaaaaaaa', { min_length: 8, classes: ['lowercase'] })).toBe('');
});

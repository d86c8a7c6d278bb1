import { readFileSync } from 'node:fs';
import { errors, isErrorCode, statusOf, textOf } from './errors.ts';

test('every code has a 4xx or 5xx status', () => {
  for (const { status } of Object.values(errors)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  }
});

test('a code that names a limit has status 422', () => {
  expect(isErrorCode('message_exceed_max_chars_1024')).toBe(true);
  expect(statusOf('message_exceed_max_chars_1024')).toBe(422);
  expect(textOf('message_exceed_max_chars_1024')).toBe('message exceed max chars 1024');
});

test('no other text is a code', () => {
  for (const text of ['', 'constructor', 'toString', 'Invalid input', 'message_exceed_max_chars_'])
    expect(isErrorCode(text)).toBe(false);
});

test('without a text, the words of the code are used', () => {
  expect(textOf('busy')).toBe('Try again in a moment');
  expect(textOf('last_admin')).toBe('last admin');
});

test.each(['errors', 'limits', 'names', 'handles', 'visible', 'fold', 'graphemes', 'direction', 'loopback'])(
  '%s imports nothing from outside the contract, so a browser and core may load it',
  (name) => {
    const source = readFileSync(new URL(`./${name}.ts`, import.meta.url), 'utf8');
    expect(source).not.toMatch(/from '(?!\.\/)/);
    expect(source).not.toContain('./zod.ts');
  },
);

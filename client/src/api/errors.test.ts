import { expect, test } from '@jest/globals';
import { ApiError, explain } from './errors.ts';

test.each([0, 401, 408, 429, 500, 503])('a request that ended with %d may succeed later', (status) => {
  expect(new ApiError(status, []).isTransient).toBe(true);
});

test.each([400, 403, 404, 409, 413, 422])('a request that was answered %d is refused for good', (status) => {
  expect(new ApiError(status, []).isTransient).toBe(false);
});

test('a limit is said with its number, and an unknown code as it is', () => {
  expect(explain(new ApiError(422, ['message_exceed_max_chars_1024']))).toBe(
    'Too long: at most 1024 characters.',
  );
  expect(explain(new ApiError(418, ['teapot']))).toBe('Parley refused the request (teapot).');
});

import { afterEach, expect, jest, test } from '@jest/globals';
import { newKey } from './key.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

test('a key is a UUID of version 4, even on insecure pages where the browser makes none', () => {
  jest.spyOn(crypto, 'randomUUID').mockImplementation(() => {
    throw new TypeError('crypto.randomUUID is not a function');
  });
  const keys = Array.from({ length: 200 }, newKey);
  for (const key of keys)
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(keys).size).toBe(keys.length);
});

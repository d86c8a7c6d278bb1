import { afterEach, expect, it, jest } from '@jest/globals';
import { createLookup } from './lookup.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

it('does not cache a row for longer because the clock of the machine is set back', async () => {
  let reads = 0;
  const lookup = createLookup<{ reads: number }>({
    read: async (keys) => new Map(keys.map((key) => [key, { reads: ++reads }])),
  });
  const now = Date.now();
  expect(await lookup.loadCached('ada', 20)).toEqual({ reads: 1 });
  jest.spyOn(Date, 'now').mockImplementation(() => now - 3_600_000);
  await new Promise((resolve) => setTimeout(resolve, 25));
  expect(await lookup.loadCached('ada', 20)).toEqual({ reads: 2 });
});

import { expect, test } from '@jest/globals';
import { fuzz } from './fuzz.ts';

test('random requests and frames get documented answers, and strangers receive nothing', async () => {
  const { faults, requests, frames, statuses } = await fuzz({ seed: 20261121, requests: 1_200, frames: 300 });
  expect(faults).toEqual([]);
  expect([requests, frames]).toEqual([1_200, 300]);
  // Enough requests succeed: if all were refused, the fuzzing would test nothing.
  expect(statuses['200']).toBeGreaterThan(100);
  expect(statuses['frame done']).toBeGreaterThan(30);
}, 120_000);

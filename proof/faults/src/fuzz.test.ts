import { expect, test } from '@jest/globals';
import { fuzz } from './fuzz.ts';

test('whatever is sent to routes and sockets is answered as documented, and tells strangers nothing', async () => {
  const { faults, requests, frames, statuses } = await fuzz({ seed: 20261121, requests: 1_200, frames: 300 });
  expect(faults).toEqual([]);
  expect([requests, frames]).toEqual([1_200, 300]);
  // It gets past the door: were everything refused, nothing would be tried.
  expect(statuses['200']).toBeGreaterThan(100);
  expect(statuses['frame done']).toBeGreaterThan(30);
}, 120_000);

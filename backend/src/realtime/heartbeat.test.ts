import { expect, it } from '@jest/globals';
import { mayHaveMissed, wasGivenUp } from './heartbeat.ts';

const calm = { silentMs: 10_000, missedAt: undefined, newestMiss: undefined };

it('misses nothing while heartbeats are regular and no sender recorded a miss', () => {
  expect(mayHaveMissed(calm)).toBe(false);
  expect(mayHaveMissed({ ...calm, missedAt: 'then', newestMiss: 'then' })).toBe(false);
});

it('may have missed a delivery if a sender recorded a newer miss', () => {
  expect(mayHaveMissed({ ...calm, newestMiss: 'now' })).toBe(true);
  expect(mayHaveMissed({ ...calm, missedAt: 'then', newestMiss: 'now' })).toBe(true);
});

it('may have missed a delivery after a silence so long that other nodes treated it as dead', () => {
  expect(wasGivenUp({ silentMs: 20_000 })).toBe(false);
  expect(wasGivenUp({ silentMs: 20_001 })).toBe(true);
  expect(mayHaveMissed({ ...calm, silentMs: 20_001 })).toBe(true);
});

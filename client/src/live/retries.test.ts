import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createRetries } from './retries.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

let openedAt: number[] = [];
function create() {
  openedAt = [];
  return createRetries(() => openedAt.push(Date.now()));
}

/** The time until the socket opens, after a loss. */
function pauseAfter(retries: ReturnType<typeof create>, isRefused = false, reason?: string) {
  const lostAt = Date.now();
  retries.schedule(isRefused, reason);
  jest.advanceTimersToNextTimer();
  retries.begin();
  return (openedAt.at(-1) ?? 0) - lostAt;
}

function expectWithin(ms: number, [least, most]: [number, number]) {
  expect(ms).toBeGreaterThanOrEqual(least);
  expect(ms).toBeLessThanOrEqual(most);
}

test('pauses double up to 30 s, and begin again after a success', () => {
  const retries = create();
  for (const ceilingMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expectWithin(pauseAfter(retries), [ceilingMs / 2, ceilingMs]);
  retries.succeed();
  expectWithin(pauseAfter(retries), [250, 500]);
});

test('a token that was refused after a success costs no pause, and a second one does', () => {
  const retries = create();
  expect(pauseAfter(retries, true)).toBe(0);
  expectWithin(pauseAfter(retries, true), [500, 1_000]);
});

test('a close reason names one pause of at most a minute, and any other reason names none', () => {
  const retries = create();
  expect(pauseAfter(retries, false, 'reconnect_after_ms=20')).toBe(20);
  expect(pauseAfter(retries, false, 'reconnect_after_ms=3600000')).toBe(60_000);
  expectWithin(pauseAfter(retries, false, 'please reconnect_after_ms=20'), [1_000, 2_000]);
});

test('a refusal that names a pause makes one shorter impossible, once', () => {
  const retries = create();
  retries.waitAtLeast(45_000);
  expect(pauseAfter(retries, false, 'reconnect_after_ms=20')).toBe(45_000);
  expectWithin(pauseAfter(retries), [500, 1_000]);
});

test('a cancelled retry opens nothing, and neither does one that another opening precedes', () => {
  const retries = create();
  retries.schedule(false);
  retries.cancel();
  retries.schedule(false);
  retries.begin();
  jest.runAllTimers();
  expect(openedAt).toEqual([]);
});

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

test('pauses double up to 30 s, and start over after a success', () => {
  const retries = create();
  for (const ceilingMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expectWithin(pauseAfter(retries), [ceilingMs / 2, ceilingMs]);
  retries.succeed();
  expectWithin(pauseAfter(retries), [250, 500]);
});

test('the first refused token after a success causes no pause, and a second one does', () => {
  const retries = create();
  expect(pauseAfter(retries, true)).toBe(0);
  expectWithin(pauseAfter(retries, true), [500, 1_000]);
});

test('a close reason can set one pause, of at most a minute', () => {
  const retries = create();
  expect(pauseAfter(retries, false, 'reconnect_after_ms=20')).toBe(20);
  expect(pauseAfter(retries, false, 'reconnect_after_ms=3600000')).toBe(60_000);
  expectWithin(pauseAfter(retries, false, 'please reconnect_after_ms=20'), [1_000, 2_000]);
});

test('a refusal with a pause sets a minimum for one pause', () => {
  const retries = create();
  retries.waitAtLeast(45_000);
  expect(pauseAfter(retries, false, 'reconnect_after_ms=20')).toBe(45_000);
  expectWithin(pauseAfter(retries), [500, 1_000]);
});

test('a retry opens nothing if it was canceled or another socket was opened before', () => {
  const retries = create();
  retries.schedule(false);
  retries.cancel();
  retries.schedule(false);
  retries.begin();
  jest.runAllTimers();
  expect(openedAt).toEqual([]);
});

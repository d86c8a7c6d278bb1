import { describe, expect, it } from '@jest/globals';
import { createRestarts } from './restarts.ts';

describe('restarts of one process', () => {
  it('wait twice as long each time, and end after too many', () => {
    const restarts = createRestarts({ most: 4, withinMs: 60_000, firstDelayMs: 250 });
    const delays = [0, 1_000, 2_000, 3_000, 4_000].map((atMs) => restarts.next(atMs));
    expect(delays).toEqual([250, 500, 1_000, 2_000, undefined]);
  });

  it('are forgotten after a while', () => {
    const restarts = createRestarts({ most: 2, withinMs: 60_000, firstDelayMs: 250 });
    expect([0, 30_000, 60_000, 70_000, 90_000].map((atMs) => restarts.next(atMs))).toEqual([
      250,
      500,
      500,
      undefined,
      500,
    ]);
  });
});

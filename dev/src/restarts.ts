export type RestartLimits = { most: number; withinMs: number; firstDelayMs: number };

const defaults: RestartLimits = { most: 5, withinMs: 60_000, firstDelayMs: 250 };

/** Counts the restarts of one process. Each waits twice as long as the one before, and too many end a crash loop. */
export function createRestarts({ most, withinMs, firstDelayMs }: RestartLimits = defaults) {
  let startedAtMs: number[] = [];
  return {
    /** The delay before the next start, or undefined if there were too many lately. */
    next(nowMs: number) {
      startedAtMs = startedAtMs.filter((atMs) => nowMs - atMs < withinMs);
      if (startedAtMs.length >= most) return undefined;
      startedAtMs.push(nowMs);
      return firstDelayMs * 2 ** (startedAtMs.length - 1);
    },
    limit: `${most} restarts within ${withinMs / 1_000} s`,
  };
}

export type Restarts = ReturnType<typeof createRestarts>;

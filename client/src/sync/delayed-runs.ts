/** Runs one job now or later. Requests with the same delay share one run. */
export function createDelayedRuns(run: () => Promise<void>) {
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  let isClosed = false;

  function runNow() {
    if (!isClosed) void run();
  }

  return {
    runNow,
    runIn(delayMs: number) {
      if (isClosed) return;
      clearTimeout(timers.get(delayMs));
      timers.set(delayMs, setTimeout(runNow, delayMs));
    },
    close() {
      isClosed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

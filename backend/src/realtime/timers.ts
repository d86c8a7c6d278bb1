/** Timers by key. `stop` cancels all of them. */
export function createTimers() {
  const timers = new Map<unknown, NodeJS.Timeout>();
  let isStopped = false;

  function cancel(key: unknown) {
    clearTimeout(timers.get(key));
    timers.delete(key);
  }

  return {
    has: (key: unknown) => timers.has(key),
    /** Replaces a timer with the same key. */
    start(key: unknown, ms: number, run: () => void) {
      cancel(key);
      timers.set(
        key,
        setTimeout(() => {
          timers.delete(key);
          run();
        }, ms),
      );
    },
    cancel,
    isStopped: () => isStopped,
    stop() {
      isStopped = true;
      for (const key of [...timers.keys()]) cancel(key);
    },
  };
}

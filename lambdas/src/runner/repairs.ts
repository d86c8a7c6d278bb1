import type { Persist } from './persist.ts';

/** The repair passes of a shard whose records were lost. Until each has succeeded, no position may be written. */
export function createRepairs(repair: () => Promise<void>, persist: Persist, signal: AbortSignal) {
  let open = 0;
  return {
    start() {
      open += 1;
      void persist(repair).then(() => {
        if (!signal.aborted) open -= 1;
      });
    },
    isOpen: () => open > 0,
  };
}

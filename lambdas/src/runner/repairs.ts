import type { Persist } from './persist.ts';

/** The repair passes of a shard that has lost records. No checkpoint may be written until each has succeeded. */
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

import { setTimeout as sleep } from 'node:timers/promises';

const firstRetryMs = 50;
const maxRetryMs = 5_000;

/** Runs a task until it succeeds, or resolves to undefined once it is aborted. */
export type Persist = <T>(task: () => Promise<T>) => Promise<T | undefined>;

/** Retries with exponential backoff and full jitter, and reports each failure with the time until the next attempt. */
export function createPersist(
  signal: AbortSignal,
  onFailure: (err: unknown, retryMs: number) => void,
): Persist {
  return async (task) => {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await task();
      } catch (err) {
        const retryMs = Math.random() * Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 16));
        onFailure(err, retryMs);
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
    return undefined;
  };
}

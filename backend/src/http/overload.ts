import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AppError } from '@parley/core/errors';

/** How often the event loop's delay is sampled, and the weight of the newest sample in the mean. */
const sampleMs = 250;
const newestWeight = 1 / 3;
const resolutionMs = 20;
/** A node reports itself as full for this long after it refused a request. */
const fullForMs = 5_000;

export type OverloadOptions = {
  /** How many requests and frames may be in flight; 0 turns the limit off. */
  maxInFlight: number;
  /** How many of them may belong to one person; 0 turns the limit off. */
  maxPerPerson?: number;
  /** Requests are refused above this mean delay of the event loop (over about a second); 0 turns the limit off. */
  maxLoopDelayMs: number;
};

export type Overload = ReturnType<typeof createOverload>;

/**
 * Refuses requests that this process has no room for before it does any work for them, because a request in an endless
 * queue is never answered. Above the limit of the loop's delay the refused share grows, up to all at twice the limit.
 */
export function createOverload({ maxInFlight, maxPerPerson = 0, maxLoopDelayMs }: OverloadOptions) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const inFlightOf = new Map<string, number>();
  let inFlight = 0;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  let loopDelayMs = 0;
  const sampling = setInterval(() => {
    // There is no mean if the loop was blocked for the whole time.
    const newestMs = Number.isFinite(delays.mean) ? Math.max(0, delays.mean / 1e6 - resolutionMs) : sampleMs;
    loopDelayMs += (newestMs - loopDelayMs) * newestWeight;
    delays.reset();
  }, sampleMs);
  sampling.unref();

  function isFull() {
    if (maxInFlight > 0 && inFlight >= maxInFlight) return true;
    if (maxLoopDelayMs === 0 || loopDelayMs <= maxLoopDelayMs) return false;
    return Math.random() < (loopDelayMs - maxLoopDelayMs) / maxLoopDelayMs;
  }

  function leave(userUuid: string | undefined) {
    inFlight -= 1;
    if (userUuid === undefined) return;
    const left = (inFlightOf.get(userUuid) ?? 1) - 1;
    if (left > 0) inFlightOf.set(userUuid, left);
    else inFlightOf.delete(userUuid);
  }

  return {
    /**
     * Reserves a place. Returns the function that frees it, which may be called twice. Throws `busy` if no place is
     * free, and `rate_limited` if the person has reached their limit.
     */
    enter(userUuid?: string): () => void {
      if (isFull()) {
        fullAtMs = performance.now();
        throw new AppError('busy');
      }
      if (userUuid !== undefined) {
        const count = inFlightOf.get(userUuid) ?? 0;
        if (maxPerPerson > 0 && count >= maxPerPerson) throw new AppError('rate_limited');
        inFlightOf.set(userUuid, count + 1);
      }
      inFlight += 1;
      let isIn = true;
      return () => {
        if (isIn) leave(userUuid);
        isIn = false;
      };
    },
    /** Whether the node has no room, or refused a request within the last seconds. */
    isFull: () => (maxInFlight > 0 && inFlight >= maxInFlight) || performance.now() - fullAtMs < fullForMs,
    inFlight: () => inFlight,
    close() {
      clearInterval(sampling);
      delays.disable();
    },
  };
}

/** Random seconds, so that clients refused together do not return together. */
export const retryAfterSeconds = () => 1 + Math.floor(Math.random() * 3);

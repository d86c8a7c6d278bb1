import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AppError } from '@parley/core/errors';

/** How often the event loop's delay is looked at, and how much the newest look weighs. */
const lookMs = 250;
const newestWeight = 1 / 3;
const resolutionMs = 20;

export type OverloadOptions = {
  /** Requests and frames that may be under way; 0 turns the limit off. */
  maxInFlight: number;
  /** Mean delay of the event loop, of about a second, above which some are refused; 0 turns the limit off. */
  maxLoopDelayMs: number;
};

export type Overload = ReturnType<typeof createOverload>;

/**
 * Refuses what this process has no room for, before any work is done for it: who waits in a queue without end is
 * answered by nobody in the end. Above the loop's limit a part is refused that grows with the delay, all at twice of it.
 */
export function createOverload({ maxInFlight, maxLoopDelayMs }: OverloadOptions) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  let inFlight = 0;
  let loopDelayMs = 0;
  const looking = setInterval(() => {
    // Nothing was measured where the loop itself did not turn.
    const newestMs = Number.isFinite(delays.mean) ? Math.max(0, delays.mean / 1e6 - resolutionMs) : lookMs;
    loopDelayMs += (newestMs - loopDelayMs) * newestWeight;
    delays.reset();
  }, lookMs);
  looking.unref();

  function isFull() {
    if (maxInFlight > 0 && inFlight >= maxInFlight) return true;
    if (maxLoopDelayMs === 0 || loopDelayMs <= maxLoopDelayMs) return false;
    return Math.random() < (loopDelayMs - maxLoopDelayMs) / maxLoopDelayMs;
  }

  return {
    /** Takes a place. Returns what gives it back, which may be called twice. Throws `busy` where there is none. */
    enter(): () => void {
      if (isFull()) throw new AppError('busy');
      inFlight += 1;
      let isIn = true;
      return () => {
        if (isIn) inFlight -= 1;
        isIn = false;
      };
    },
    inFlight: () => inFlight,
    close() {
      clearInterval(looking);
      delays.disable();
    },
  };
}

/** Seconds: those who were refused together do not come back together. */
export const retryAfterSeconds = () => 1 + Math.floor(Math.random() * 3);

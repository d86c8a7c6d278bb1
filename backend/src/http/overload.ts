import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AppError } from '@parley/core/errors';

/** How often the event loop's delay is looked at, and how much the newest look weighs. */
const lookMs = 250;
const newestWeight = 1 / 3;
const resolutionMs = 20;
/** A node that refused for want of room says so for this long. */
const fullForMs = 5_000;

export type OverloadOptions = {
  /** Requests and frames that may be under way; 0 turns the limit off. */
  maxInFlight: number;
  /** Those of one person; 0 turns the limit off. */
  maxPerPerson?: number;
  /** Mean delay of the event loop, of about a second, above which some are refused; 0 turns the limit off. */
  maxLoopDelayMs: number;
};

export type Overload = ReturnType<typeof createOverload>;

/**
 * Refuses what this process has no room for, before any work is done for it: who waits in a queue without end is
 * answered by nobody in the end. Above the loop's limit a part is refused that grows with the delay, all at twice of it.
 */
export function createOverload({ maxInFlight, maxPerPerson = 0, maxLoopDelayMs }: OverloadOptions) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const ofPerson = new Map<string, number>();
  let inFlight = 0;
  let fullAtMs = Number.NEGATIVE_INFINITY;
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

  function leave(userUuid: string | undefined) {
    inFlight -= 1;
    if (userUuid === undefined) return;
    const left = (ofPerson.get(userUuid) ?? 1) - 1;
    if (left > 0) ofPerson.set(userUuid, left);
    else ofPerson.delete(userUuid);
  }

  return {
    /**
     * Takes a place. Returns what gives it back, which may be called twice. Throws `busy` if there is none, and
     * `rate_limited` if this person holds as many as one may.
     */
    enter(userUuid?: string): () => void {
      if (isFull()) {
        fullAtMs = performance.now();
        throw new AppError('busy');
      }
      if (userUuid !== undefined) {
        const held = ofPerson.get(userUuid) ?? 0;
        if (maxPerPerson > 0 && held >= maxPerPerson) throw new AppError('rate_limited');
        ofPerson.set(userUuid, held + 1);
      }
      inFlight += 1;
      let isIn = true;
      return () => {
        if (isIn) leave(userUuid);
        isIn = false;
      };
    },
    /** Whether requests are refused for want of room, now or a moment ago. */
    isFull: () => (maxInFlight > 0 && inFlight >= maxInFlight) || performance.now() - fullAtMs < fullForMs,
    inFlight: () => inFlight,
    close() {
      clearInterval(looking);
      delays.disable();
    },
  };
}

/** Seconds: those who were refused together do not come back together. */
export const retryAfterSeconds = () => 1 + Math.floor(Math.random() * 3);

import { TokenBucket } from 'limiter';

/** A client may send a free heartbeat at this interval. Our clients send one every 25 s. */
const freePingMs = 4_000;
const refusalsForMs = 60_000;

/** The frames that one socket may send. 0 frames a second means no limit. */
export function createFrameBudget(framesPerSecond: number) {
  const frames = new TokenBucket({
    bucketSize: 3 * framesPerSecond,
    tokensPerInterval: framesPerSecond,
    interval: 'second',
  });
  frames.content = 3 * framesPerSecond;
  let pingedAtMs = Number.NEGATIVE_INFINITY;
  let refusals = { count: 0, sinceMs: 0 };

  return {
    /** Spends one frame. Returns 0, or the seconds to wait. */
    spendFrame(): number {
      if (framesPerSecond === 0 || frames.tryRemoveTokens(1)) return 0;
      return Math.max(1, Math.ceil(frames.getWaitTime(1) / 1_000));
    },

    /** Whether a `ping` now is free. */
    spendFreePing(): boolean {
      const nowMs = performance.now();
      if (nowMs - pingedAtMs < freePingMs) return false;
      pingedAtMs = nowMs;
      return true;
    },

    /** Counts a refusal. Returns the number of refusals within the current minute. */
    countRefusal(): number {
      const nowMs = performance.now();
      if (nowMs - refusals.sinceMs > refusalsForMs) refusals = { count: 0, sinceMs: nowMs };
      refusals.count += 1;
      return refusals.count;
    },
  };
}

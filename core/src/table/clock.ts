/** Wall-clock time that follows the table's, so that one node with a wrong clock does not date the log. */
export type Clock = {
  /** Milliseconds since the epoch, corrected. */
  now(): number;
  /** Tells the clock what a server's `Date` header said of a request sent and answered at these local times (ms). */
  observe(serverMs: number, sentAtMs: number, answeredAtMs: number): void;
};

/** A `Date` header has whole seconds and travels: smaller differences say nothing about the clock. */
const toleranceMs = 2_000;
/** Nobody knows when within it the server looked at its clock. */
const slowAnswerMs = 1_000;

/**
 * `localNow` is the machine's clock, which somebody may set; `steadyNow` (ms from any origin) only goes on. Where the
 * first jumps against the second, time goes on as before until a server says who is right.
 */
export function createClock(
  localNow: () => number = () => Date.now(),
  steadyNow: () => number = () => performance.now(),
): Clock {
  let offsetMs = 0;
  let baseMs = localNow() - steadyNow();

  function holdAgainstJump() {
    const jumpMs = localNow() - steadyNow() - baseMs;
    if (Math.abs(jumpMs) <= toleranceMs) return;
    baseMs += jumpMs;
    offsetMs -= jumpMs;
  }

  return {
    now() {
      holdAgainstJump();
      return localNow() + offsetMs;
    },
    observe(serverMs, sentAtMs, answeredAtMs) {
      holdAgainstJump();
      const tookMs = answeredAtMs - sentAtMs;
      if (!Number.isFinite(serverMs) || tookMs < 0 || tookMs > slowAnswerMs) return;
      // The header is cut to the second: the server's time lay between serverMs and serverMs + 1 s.
      const differenceMs = serverMs + 500 - (sentAtMs + answeredAtMs) / 2;
      if (Math.abs(differenceMs - offsetMs) > toleranceMs) {
        offsetMs = Math.abs(differenceMs) > toleranceMs ? differenceMs : 0;
      }
    },
  };
}

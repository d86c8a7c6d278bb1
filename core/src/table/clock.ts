/**
 * Wall-clock time that follows the table's, so that a node with a wrong clock does not write wrong dates into a log.
 */
export type Clock = {
  /** Milliseconds since the epoch, corrected. */
  now(): number;
  /**
   * Corrects the clock by the `Date` header of an answer. All times are milliseconds since the epoch.
   *
   * @param sentAtMs The local time when the request was sent.
   * @param answeredAtMs The local time when the answer arrived.
   */
  observe(serverMs: number, sentAtMs: number, answeredAtMs: number): void;
};

/** A `Date` header has whole seconds, and takes time to arrive. Smaller differences may not be the clock's. */
const toleranceMs = 2_000;
/** A slower answer is ignored: the server may have read its clock at any time between request and answer. */
const slowAnswerMs = 1_000;

/**
 * If the machine's clock is set, the time continues as before until an answer of the table shows which is right.
 *
 * @param localNow The machine's clock: milliseconds since the epoch. Somebody may set it.
 * @param steadyNow Milliseconds since any fixed time. It never jumps, so a jump of `localNow` shows against it.
 */
export function createClock(
  localNow: () => number = () => Date.now(),
  steadyNow: () => number = () => performance.now(),
): Clock {
  let offsetMs = 0;
  let baseMs = localNow() - steadyNow();

  function absorbJump() {
    const jumpMs = localNow() - steadyNow() - baseMs;
    if (Math.abs(jumpMs) <= toleranceMs) return;
    baseMs += jumpMs;
    offsetMs -= jumpMs;
  }

  return {
    now() {
      absorbJump();
      return localNow() + offsetMs;
    },
    observe(serverMs, sentAtMs, answeredAtMs) {
      absorbJump();
      const tookMs = answeredAtMs - sentAtMs;
      if (!Number.isFinite(serverMs) || tookMs < 0 || tookMs > slowAnswerMs) return;
      // The header is cut to the second: the server's time was between serverMs and serverMs + 1 s.
      const differenceMs = serverMs + 500 - (sentAtMs + answeredAtMs) / 2;
      if (Math.abs(differenceMs - offsetMs) > toleranceMs) {
        offsetMs = Math.abs(differenceMs) > toleranceMs ? differenceMs : 0;
      }
    },
  };
}

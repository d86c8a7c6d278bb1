import { longestPauseMs } from './answers.ts';
import { backoffMs } from './backoff.ts';

/**
 * Decides when to open the next socket. Pauses grow until a socket is online. A closing node may set the pause, and a
 * refusal its minimum.
 */
export function createRetries(open: () => void) {
  let attempt = 0;
  let leastMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    /** A socket opens now. */
    begin() {
      clearTimeout(timer);
      leastMs = 0;
    },
    succeed() {
      attempt = 0;
    },
    waitAtLeast(ms: number) {
      leastMs = ms;
    },
    /**
     * `isRefused`: the token was refused. Another token may be accepted, so the first retry needs no pause. `reason`: that
     * of the close.
     */
    schedule(isRefused: boolean, reason = '') {
      const pauseMs =
        isRefused && attempt === 0 ? 0 : Math.max(leastMs, hintOf(reason) ?? backoffMs(attempt));
      attempt += 1;
      timer = setTimeout(open, pauseMs);
    },
    cancel: () => clearTimeout(timer),
  };
}

/** A node that stops names the pause in its close reason. */
function hintOf(reason: string): number | undefined {
  const ms = /^reconnect_after_ms=(\d+)$/.exec(reason)?.[1];
  return ms === undefined ? undefined : Math.min(Number(ms), longestPauseMs);
}

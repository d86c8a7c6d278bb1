import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

export type StreamRunner = ReturnType<typeof createStreamRunner>;

const timeoutMs = 1_000;
/** It takes no shorter breath in a busy time: more calls would tell it nothing. */
const wakePauseMs = 20;

/** The local stream runner: woken after a write, so that it need not poll often. On AWS there is none. */
export function createStreamRunner(url: string, logger: Logger) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isWaking = false;
  let isWakeWanted = false;
  let failures = 0;

  async function wakeUntilCalm() {
    isWaking = true;
    while (isWakeWanted) {
      isWakeWanted = false;
      await post().catch((err) => {
        failures += 1;
        logger.debug({ err, failures }, 'the stream runner did not hear the call');
      });
      await sleep(wakePauseMs);
    }
    isWaking = false;
  }

  /** One call follows each send: `fetch` takes four times as long as this. */
  function post() {
    const options = { method: 'POST', agent, signal: AbortSignal.timeout(timeoutMs) };
    return new Promise<void>((resolve, reject) => {
      request(`${url}/wake`, options, (res) => res.resume().on('end', resolve).on('error', reject))
        .on('error', reject)
        .end();
    });
  }

  return {
    /** Returns at once. One request is under way at a time; calls meanwhile make one more. */
    wake() {
      isWakeWanted = true;
      if (url && !isWaking) void wakeUntilCalm();
    },

    /** How far the summaries are behind the log, in ms; undefined where nobody can tell. Rejects if it is away. */
    async lagMs(): Promise<number | undefined> {
      if (!url) return undefined;
      const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(timeoutMs) });
      const status: unknown = await response.json();
      const isTold = typeof status === 'object' && status !== null && 'lag_ms' in status;
      return isTold && typeof status.lag_ms === 'number' ? status.lag_ms : undefined;
    },
  };
}

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

export type StreamRunner = ReturnType<typeof createStreamRunner>;

const timeoutMs = 1_000;
/** Shorter than readiness waits: one runner that hangs must not silence the others. */
const statusTimeoutMs = 800;
/** It takes no shorter breath in a busy time: more calls would tell it nothing. */
const wakePauseMs = 20;

/** What a runner tells of itself (`/status`). */
export type RunnerStatus = {
  lag_ms: number;
  records_behind: number;
  has_more: boolean;
  dead_letters: number;
  drift: { differing: number };
};

/** The local stream runners: woken after a write, so that they need not poll often. On AWS there are none. */
export function createStreamRunner(urls: string, logger: Logger) {
  const runners = urls
    .split(',')
    .map((url) => url.trim())
    .filter(Boolean)
    .map((url) => createWaker(url, logger));

  return {
    /** Returns at once. */
    wake() {
      for (const { wake } of runners) wake();
    },

    /** How far the summaries are behind the log, as each runner that answers tells; undefined where there is none. */
    async statuses(): Promise<RunnerStatus[] | undefined> {
      if (runners.length === 0) return undefined;
      const answers = await Promise.allSettled(runners.map(({ status }) => status()));
      return answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
    },
  };
}

function createWaker(url: string, logger: Logger) {
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
    /** One request is under way at a time; calls meanwhile make one more. */
    wake() {
      isWakeWanted = true;
      if (!isWaking) void wakeUntilCalm();
    },
    async status(): Promise<RunnerStatus> {
      const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(statusTimeoutMs) });
      return parseStatus(await response.json());
    },
  };
}

/** Throws where the answer is not a runner's: a number that is not told must not pass for 0. */
function parseStatus(body: unknown): RunnerStatus {
  const status = body as Partial<RunnerStatus> | null;
  const numbers = [status?.lag_ms, status?.records_behind, status?.dead_letters, status?.drift?.differing];
  if (!numbers.every(Number.isFinite)) throw new TypeError('no status of a stream runner');
  return body as RunnerStatus;
}

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

export type StreamRunner = ReturnType<typeof createStreamRunner>;

const timeoutMs = 1_000;
/** Shorter than the timeout of readiness, so that one hanging runner does not hide the others. */
const statusTimeoutMs = 800;
/** The pause between two calls under load. The runner reads no faster, so more calls would not help. */
const wakePauseMs = 20;

/** A runner's answer to `/status`. */
export type RunnerStatus = {
  lag_ms: number;
  records_behind: number;
  has_more: boolean;
  dead_letters: number;
  drift: { differing: number };
};

/** Wakes the stream runners after each write, so that they need not poll often. On AWS there are none. */
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

    /** The status of each runner that answers; undefined if no runner is configured. */
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

  async function wakeWhileWanted() {
    isWaking = true;
    while (isWakeWanted) {
      isWakeWanted = false;
      await post().catch((err) => {
        failures += 1;
        logger.debug({ err, failures }, 'the stream runner could not be woken');
      });
      await sleep(wakePauseMs);
    }
    isWaking = false;
  }

  /** Called after each send. `fetch` would take four times as long. */
  function post() {
    const options = { method: 'POST', agent, signal: AbortSignal.timeout(timeoutMs) };
    return new Promise<void>((resolve, reject) => {
      request(`${url}/wake`, options, (res) => res.resume().on('end', resolve).on('error', reject))
        .on('error', reject)
        .end();
    });
  }

  return {
    /** Sends one request at a time. Any number of calls during it cause one more. */
    wake() {
      isWakeWanted = true;
      if (!isWaking) void wakeWhileWanted();
    },
    async status(): Promise<RunnerStatus> {
      const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(statusTimeoutMs) });
      return parseStatus(await response.json());
    },
  };
}

/** Throws if a number is missing, because it must not pass for 0. */
function parseStatus(body: unknown): RunnerStatus {
  const status = body as Partial<RunnerStatus> | null;
  const numbers = [status?.lag_ms, status?.records_behind, status?.dead_letters, status?.drift?.differing];
  if (!numbers.every(Number.isFinite)) throw new TypeError('the answer is not the status of a stream runner');
  return body as RunnerStatus;
}

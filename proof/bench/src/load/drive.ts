import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../figures.ts';

/** A text of 60 bytes. */
export const text60 = 'a message as people write it, sixty bytes of it in plain tex';

/** Sends messages from one person to another. The receiver passes the number of each message to `arrived`. */
export type Lane = { send: (id: number) => void };

export type Load = {
  seconds: number;
  /** Messages in flight on each lane. Each arrival sends the next message. */
  outstanding?: number;
  /** Alternatively, a fixed rate of messages over all lanes. */
  perSecond?: number;
};

export type LoadResult = { perSecond: number; arrived: number; p50: number; p99: number };

/** Messages in flight at the end may take this long to arrive. */
const drainMs = 5_000;

/**
 * Sends numbered messages and measures how many arrive and how long each takes. Latencies are in ms and include every
 * message that was sent in the measured time.
 */
export function createDriver(lanes: Lane[]) {
  const sentAtMs = new Map<number, { atMs: number; lane: number }>();
  const latencies: number[] = [];
  let lastId = 0;
  let isRunning = false;
  let isClosedLoop = false;
  let arrivedInTime = 0;

  function send(lane: number) {
    lastId += 1;
    sentAtMs.set(lastId, { atMs: performance.now(), lane });
    lanes[lane]?.send(lastId);
  }

  return {
    /** Records an arrival. `isLast` is false while more receivers are expected to get the message. */
    arrived(id: number, isLast = true) {
      const sent = sentAtMs.get(id);
      if (!sent) return;
      latencies.push(performance.now() - sent.atMs);
      if (isRunning) arrivedInTime += 1;
      if (!isLast) return;
      sentAtMs.delete(id);
      if (isRunning && isClosedLoop) send(sent.lane);
    },

    /** Rejects if messages were lost. */
    async run({ seconds, outstanding, perSecond }: Load): Promise<LoadResult> {
      latencies.length = 0;
      arrivedInTime = 0;
      isRunning = true;
      isClosedLoop = outstanding !== undefined;
      const startedAtMs = performance.now();
      for (let turn = 0; turn < (outstanding ?? 0); turn += 1) for (const lane of lanes.keys()) send(lane);
      if (perSecond === undefined) await sleep(seconds * 1_000);
      else {
        for (let sent = 0; sent < seconds * perSecond; sent += 1) {
          const waitMs = startedAtMs + (sent * 1_000) / perSecond - performance.now();
          if (waitMs > 1) await sleep(waitMs);
          send(sent % lanes.length);
        }
      }
      isRunning = false;
      const elapsed = (performance.now() - startedAtMs) / 1_000;
      const inTime = arrivedInTime;
      const deadline = performance.now() + drainMs;
      while (sentAtMs.size > 0 && performance.now() < deadline) await sleep(5);
      if (sentAtMs.size > 0)
        throw new Error(`${sentAtMs.size} messages have not arrived within ${drainMs} ms`);
      return {
        perSecond: inTime / elapsed,
        arrived: latencies.length,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
      };
    },
  };
}

export type Driver = ReturnType<typeof createDriver>;

import type { Fate } from '@parley/engines/testing/fault-proxy';
import { isFirstOfDirect } from './planted-loss.ts';
import { createRandom } from './random.ts';
import type { ProxyFault } from './schedule.ts';
import { createStreamFaults, type StreamFaults } from './stream-faults.ts';

/** The percentage of requests to the table that an active fault hits. */
const percent = { throttle: 40, fail: 30, 'lost-requests': 15, 'lost-answers': 30, slow: 50 };
const longestDelayMs = 400;

type RequestFault = keyof typeof percent;
const isRequestFault = (fault: ProxyFault): fault is RequestFault => Object.hasOwn(percent, fault);

export type TableFaultsOptions = {
  seed: number;
  /** Acknowledges the first message of each direct conversation without writing it, for the checker to find. */
  losesFirstMessages?: boolean | undefined;
};

/** The active faults of the proxy, for requests to the table and for records of the stream. */
export function createTableFaults({ seed, losesFirstMessages = false }: TableFaultsOptions) {
  const random = createRandom(seed, 2_000_000);
  const active = new Map<RequestFault, number>();
  const stream: StreamFaults = { isRepeating: false, isShuffling: false, poison: 0 };
  const streamFaults = createStreamFaults(random, stream);
  const hits: Partial<Record<ProxyFault, number>> = {};
  let losses = 0;

  function decide(operation: string, body: Buffer): Fate {
    if (losesFirstMessages && isFirstOfDirect(operation, body)) {
      losses += 1;
      return { acknowledge: '{}' };
    }
    for (const [fault, depth] of active) {
      if (depth === 0 || !random.chance(percent[fault])) continue;
      hits[fault] = (hits[fault] ?? 0) + 1;
      if (fault === 'slow') return { delayMs: random.int(20, longestDelayMs) };
      if (fault === 'lost-requests') return 'drop';
      if (fault === 'lost-answers') return random.chance(20) ? 'garble' : 'cut';
      return fault;
    }
    return 'pass';
  }

  return {
    decide,
    rewrite: (operation: string, body: Buffer) =>
      operation === 'GetRecords' ? streamFaults.rewrite(body) : body,
    /** Begins a fault and returns a function that ends it. */
    begin(fault: ProxyFault): () => void {
      if (isRequestFault(fault)) {
        active.set(fault, (active.get(fault) ?? 0) + 1);
        return () => active.set(fault, (active.get(fault) ?? 1) - 1);
      }
      if (fault === 'poisoned-record') {
        stream.poison += 1;
        return () => {};
      }
      const name = fault === 'repeated-records' ? 'isRepeating' : 'isShuffling';
      stream[name] = true;
      return () => {
        stream[name] = false;
      };
    },
    /** The number of requests that each fault hit. */
    hits,
    poisoned: streamFaults.poisoned,
    /** The number of first messages that were acknowledged but not written. */
    losses: () => losses,
  };
}

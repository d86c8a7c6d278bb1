import { createRandom, type Random } from './random.ts';

export type Target = 'backend-1' | 'backend-2' | 'runner-1' | 'runner-2' | 'table' | 'postgres';
/** Faults that the proxies inject into requests to the table and records of the stream. */
export type ProxyFault =
  | 'throttle'
  | 'fail'
  | 'lost-requests'
  | 'lost-answers'
  | 'slow'
  | 'repeated-records'
  | 'shuffled-records'
  | 'poisoned-record';

/** A fault, its target, its time and its duration in ms. The duration of a kill ends with the restart. */
export type Fault = { atMs: number; forMs: number } & (
  | { kind: 'kill' | 'pause'; target: Target }
  | { kind: 'clock'; target: Target; offsetMs: number }
  | { kind: ProxyFault; target: 'table' | 'stream' }
  /** `split` closes a shard and opens its children; `expire` expires every iterator. */
  | { kind: 'split' | 'expire'; target: 'stream' }
);

export type ScheduleOptions = { seed: number; minutes: number; kills: number };

/** Longer than the lease of a shard. */
const longPauseMs = 13_000;
const minute = 60_000;

const killWeights = {
  'backend-1': 4,
  'backend-2': 4,
  'runner-1': 3,
  'runner-2': 3,
  table: 4,
  postgres: 3,
} satisfies Record<Target, number>;

const proxyFaultWeights = {
  throttle: 3,
  fail: 3,
  'lost-requests': 2,
  'lost-answers': 4,
  slow: 2,
  'repeated-records': 3,
  'shuffled-records': 3,
} satisfies Record<Exclude<ProxyFault, 'poisoned-record'>, number>;

/** The faults of a campaign in order. The same options give the same faults. */
export function scheduleFaults({ seed, minutes, kills }: ScheduleOptions): Fault[] {
  const random = createRandom(seed, 1_000_000);
  const lengthMs = minutes * minute;
  const faults: Fault[] = [];
  const spread = (count: number, make: (atMs: number) => Fault) => {
    for (let index = 0; index < count; index += 1)
      faults.push(make(Math.round((lengthMs * (index + random.int(0, 999) / 1_000)) / count)));
  };
  spread(kills, (atMs) => kill(random, atMs));
  spread(Math.ceil(minutes * 8), (atMs) => {
    const kind = random.weighted(proxyFaultWeights);
    return {
      kind,
      target: kind.endsWith('records') ? 'stream' : 'table',
      atMs,
      forMs: random.int(500, 4_000),
    };
  });
  spread(Math.ceil(minutes * 2), (atMs) => ({ kind: 'poisoned-record', target: 'stream', atMs, forMs: 0 }));
  spread(Math.ceil(minutes * 2), (atMs) => ({ kind: 'split', target: 'stream', atMs, forMs: 0 }));
  spread(Math.ceil(minutes * 2), (atMs) => ({ kind: 'expire', target: 'stream', atMs, forMs: 0 }));
  spread(Math.ceil(minutes * 2), (atMs) => ({
    kind: 'clock',
    target: random.pick(['backend-1', 'backend-2']),
    atMs,
    forMs: random.int(2_000, 15_000),
    offsetMs: random.int(1, 10) * minute * random.pick([1, -1]),
  }));
  spread(Math.ceil(minutes * 2), (atMs) => ({
    kind: 'pause',
    target: random.pick(['backend-1', 'backend-2', 'runner-1', 'runner-2', 'table', 'postgres']),
    atMs,
    forMs: random.int(200, 6_000),
  }));
  // One pause of each program is longer than a lease.
  for (const target of ['runner-1', 'backend-1'] as const)
    faults.push({ kind: 'pause', target, atMs: random.int(0, lengthMs / 2), forMs: longPauseMs });
  return faults.sort((one, other) => one.atMs - other.atMs);
}

function kill(random: Random, atMs: number): Fault {
  return { kind: 'kill', target: random.weighted(killWeights), atMs, forMs: random.int(0, 2_000) };
}

import { watchCpu } from './cpu.ts';
import { compared, type Figure, median, type Target } from './figures.ts';
import type { HttpFloor } from './floors/http-floor.ts';
import type { HttpLoad, HttpResult } from './load/http.ts';
import type { System } from './system.ts';
import { startWorker } from './worker.ts';

export type HttpVariant = Omit<HttpLoad, 'seconds'> & { name: string; target?: Target | undefined };

/** V8 needs about this long to compile the hot code. */
const warmUpSeconds = 2.5;

type Round = HttpResult & { cpu: Record<string, number> };

/** Alternates rounds of requests with rounds of floor (a). A warm-up round of each comes first and does not count. */
export async function httpRounds(
  system: System,
  { scenario, variant, isQuick }: { scenario: string; variant: HttpVariant; isQuick: boolean },
): Promise<Figure> {
  const load = startWorker<HttpLoad, HttpResult>('load/http.ts');
  const floor = startWorker<HttpFloor, string>('floors/http-floor.ts');
  const [rounds, seconds] = isQuick ? [1, 1] : [5, 1.2];
  try {
    const floorUrl = await floor.ask({ issuer: system.env.TOKEN_ISSUER ?? '' });
    const { name, target, ...requests } = variant;
    const measure = async (url: string, length: number): Promise<Round> => {
      const cpu = watchCpu({ ...system.processes(), load: [load.pid], floor: [floor.pid] });
      const result = await load.ask({ ...requests, url, seconds: length });
      return { ...result, cpu: cpu() };
    };
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let round = isQuick ? 1 : 0; round <= rounds; round += 1) {
      const length = round === 0 ? warmUpSeconds : seconds;
      const [floorRound, ownRound] = [await measure(floorUrl, length), await measure(variant.url, length)];
      if (round === 0) continue;
      bare.push(floorRound);
      ours.push(ownRound);
    }
    return compared(
      {
        scenario,
        name,
        unit: 'requests/s',
        target,
        also: {
          'p50 ms': median(ours.map(({ p50 }) => p50)),
          'p99 ms': median(ours.map(({ p99 }) => p99)),
          'CPU ms a request (api)': cpuPerRequest(ours, /^api/),
          'CPU ms a request (runner)': cpuPerRequest(ours, /^runner/),
          'CPU ms a request (all)': cpuPerRequest(ours, /^(?!load|floor)/),
          'CPU ms a request (floor)': cpuPerRequest(bare, /^floor/),
        },
        cpu: sumCpu(ours),
      },
      ours.map(({ perSecond }) => perSecond),
      { name: 'floor (a), a bare Express', rounds: bare.map(({ perSecond }) => perSecond) },
    );
  } finally {
    await Promise.all([load.stop(), floor.stop()]);
  }
}

function cpuPerRequest(rounds: Round[], names: RegExp): number {
  const requests = rounds.reduce((sum, round) => sum + round.requests, 0);
  const seconds = Object.entries(sumCpu(rounds)).reduce(
    (sum, [name, used]) => sum + (names.test(name) ? used : 0),
    0,
  );
  return (1_000 * seconds) / requests;
}

function sumCpu(rounds: Round[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { cpu } of rounds)
    for (const [name, used] of Object.entries(cpu)) sums[name] = (sums[name] ?? 0) + used;
  return sums;
}

import { watchCpu } from './cpu.ts';
import { compared, type Figure, median, type Target } from './figures.ts';
import type { HttpFloor } from './floors/http-floor.ts';
import type { HttpLoad, HttpResult } from './load/http.ts';
import type { System } from './system.ts';
import { startWorker } from './worker.ts';

export type HttpVariant = Omit<HttpLoad, 'seconds'> & { name: string; target?: Target | undefined };

/** Until V8 has compiled what is busy. */
const warmUpSeconds = 2.5;

type Round = HttpResult & { cpu: Record<string, number> };

/** Measures each variant in turn with the floor (a) before each round of them, after a round that does not count. */
export async function httpRounds(
  system: System,
  { scenario, variants, isQuick }: { scenario: string; variants: HttpVariant[]; isQuick: boolean },
): Promise<Figure[]> {
  const load = startWorker<HttpLoad, HttpResult>('load/http.ts');
  const floor = startWorker<HttpFloor, string>('floors/http-floor.ts');
  const [rounds, seconds] = isQuick ? [1, 1] : [5, 1.2];
  try {
    const floorUrl = await floor.ask({ issuer: system.env.TOKEN_ISSUER ?? '' });
    const measure = async (
      { name: _, target: __, ...variant }: HttpVariant,
      length: number,
    ): Promise<Round> => {
      const cpu = watchCpu({ ...system.processes(), load: [load.pid], floor: [floor.pid] });
      const result = await load.ask({ ...variant, seconds: length });
      return { ...result, cpu: cpu() };
    };
    const floorOf = (variant: HttpVariant) => ({ ...variant, url: floorUrl });
    const results = variants.map(() => ({ ours: [] as Round[], floor: [] as Round[] }));
    for (let round = isQuick ? 1 : 0; round <= rounds; round += 1) {
      for (const [index, variant] of variants.entries()) {
        const bare = await measure(floorOf(variant), round === 0 ? warmUpSeconds : seconds);
        const ours = await measure(variant, round === 0 ? warmUpSeconds : seconds);
        if (round === 0) continue;
        results[index]?.floor.push(bare);
        results[index]?.ours.push(ours);
      }
    }
    return variants.map(({ name, target }, index) => {
      const { ours = [], floor: bare = [] } = results[index] ?? {};
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
    });
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

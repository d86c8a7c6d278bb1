import { compared, type Figure, median, type Target } from './figures.ts';
import type { HttpFloor } from './floors/http-floor.ts';
import type { HttpLoad, HttpResult } from './load/http.ts';
import { watchCpu } from './processes.ts';
import { alternate } from './rounds.ts';
import type { System } from './system.ts';
import { startWorker } from './worker.ts';

export type HttpVariant = Omit<HttpLoad, 'seconds'> & { name: string; target?: Target | undefined };

type Round = HttpResult & { cpu: Record<string, number> };

/** Alternates rounds of requests with rounds of floor (a). */
export async function httpRounds(
  system: System,
  { scenario, variant, isQuick }: { scenario: string; variant: HttpVariant; isQuick: boolean },
): Promise<Figure> {
  const load = startWorker<HttpLoad, HttpResult>('load/http.ts');
  const floor = startWorker<HttpFloor, string>('floors/http-floor.ts');
  try {
    const { name, target, ...requests } = variant;
    const roundsOf = (url: string) => async (seconds: number) => {
      const cpu = watchCpu({ ...system.processes(), load: [load.pid], floor: [floor.pid] });
      const result = await load.ask({ ...requests, url, seconds });
      return { ...result, cpu: cpu() };
    };
    const floorUrl = await floor.ask({ issuer: system.env.TOKEN_ISSUER ?? '' });
    const tasks = [roundsOf(floorUrl), roundsOf(variant.url)];
    const plan = { seconds: 1.2, warmUpSeconds: 2.5 };
    const [bare = [], ours = []] = await alternate(tasks, { isQuick }, plan);
    const perSecond = (rounds: Round[]) => rounds.map((round) => round.perSecond);
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
      perSecond(ours),
      { name: 'floor (a), a bare Express', rounds: perSecond(bare) },
    );
  } finally {
    await Promise.all([load.stop(), floor.stop()]);
  }
}

function cpuPerRequest(rounds: Round[], names: RegExp): number {
  const requests = rounds.reduce((sum, round) => sum + round.requests, 0);
  const used = Object.entries(sumCpu(rounds)).filter(([name]) => names.test(name));
  return (1_000 * used.reduce((sum, [, seconds]) => sum + seconds, 0)) / requests;
}

function sumCpu(rounds: Round[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { cpu } of rounds)
    for (const [name, used] of Object.entries(cpu)) sums[name] = (sums[name] ?? 0) + used;
  return sums;
}

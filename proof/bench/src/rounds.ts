import { median } from './figures.ts';
import type { Load, LoadResult } from './load/drive.ts';
import { watchCpu } from './processes.ts';
import type { RunOptions } from './scenario.ts';

export type Round = LoadResult & { cpu: Record<string, number> };

/** A server that delivers messages between pairs of people and is ready for a load. */
export type Competitor = {
  name: string;
  measure: (load: Load) => Promise<Round>;
  stop: () => Promise<void>;
};

type LoadWorker = { ask: (question: { load: Load }) => Promise<LoadResult> };

/** Runs one round of a load and measures the CPU time of the processes involved. */
export async function measureLoad(
  worker: LoadWorker,
  load: Load,
  processes: Record<string, number[]>,
): Promise<Round> {
  const cpu = watchCpu(processes);
  const result = await worker.ask({ load });
  return { ...result, cpu: cpu() };
}

type Plan = { rounds?: number; seconds: number; warmUpSeconds: number };

/** A quick run is one short round. */
const quickSeconds = 1;

/**
 * Runs the tasks in turn, round after round, and returns the results of each task. A warm-up round, in which V8 compiles
 * the hot code, comes first and does not count.
 */
export async function alternate<Result>(
  tasks: ((seconds: number) => Promise<Result>)[],
  { isQuick }: Pick<RunOptions, 'isQuick'>,
  { rounds = 5, seconds, warmUpSeconds }: Plan,
): Promise<Result[][]> {
  const results = tasks.map((): Result[] => []);
  if (!isQuick) for (const task of tasks) await task(warmUpSeconds);
  for (let round = 0; round < (isQuick ? 1 : rounds); round += 1)
    for (const [index, task] of tasks.entries())
      results[index]?.push(await task(isQuick ? quickSeconds : seconds));
  return results;
}

export const medianOf = (rounds: Round[], part: 'perSecond' | 'p50' | 'p99') =>
  median(rounds.map((round) => round[part]));

export function medianCpu(rounds: Round[]): Record<string, number> {
  const names = Object.keys(rounds[0]?.cpu ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map(({ cpu }) => cpu[name] ?? 0))]));
}

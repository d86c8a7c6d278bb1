import { watchCpu } from './cpu.ts';
import type { Load, LoadResult } from './load/drive.ts';

export type CompetitorRound = LoadResult & { cpu: Record<string, number> };

/** A server that delivers messages between pairs of people and is ready for a load. */
export type Competitor = {
  name: string;
  measure: (load: Load) => Promise<CompetitorRound>;
  stop: () => Promise<void>;
};

type LoadWorker = { ask: (question: { load: Load }) => Promise<LoadResult> };

/** Runs one round of a load and measures the CPU time of the processes involved. */
export async function measureLoad(
  worker: LoadWorker,
  load: Load,
  processes: Record<string, number[]>,
): Promise<CompetitorRound> {
  const cpu = watchCpu(processes);
  const result = await worker.ask({ load });
  return { ...result, cpu: cpu() };
}

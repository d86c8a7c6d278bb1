import { watchCpu } from './cpu.ts';
import { planPairs } from './lanes.ts';
import type { Load, LoadResult } from './load/drive.ts';
import type { SocketPlan } from './load/sockets.ts';
import { startEjabberd } from './peers/ejabberd.ts';
import { startProsody } from './peers/prosody.ts';
import { startSystem } from './system.ts';
import { startWorker } from './worker.ts';

export type CompetitorRound = LoadResult & { cpu: Record<string, number> };

/** Who delivers messages between so many pairs of people, ready to be measured. */
export type Competitor = {
  name: string;
  measure: (load: Load) => Promise<CompetitorRound>;
  stop: () => Promise<void>;
};

/** Parley, the bare echo, and the peers that are installed. */
export async function openCompetitors(pairs: number, log: (line: string) => void): Promise<Competitor[]> {
  const opened: Competitor[] = [];
  try {
    for (const open of [openParley, openEcho, startEjabberd, startProsody]) {
      const competitor = await open(pairs, log);
      if (competitor) opened.push(competitor);
    }
    return opened;
  } catch (error) {
    for (const { stop } of opened) await stop();
    throw error;
  }
}

async function openParley(pairs: number): Promise<Competitor> {
  const system = await startSystem();
  const load = startWorker<{ plan: SocketPlan } | { load: Load }, LoadResult>('load/sockets.ts');
  await load.ask({ plan: await planPairs(system, pairs) });
  return {
    name: 'Parley',
    measure: (question) => measured(load, question, { ...system.processes(), 'load of Parley': [load.pid] }),
    async stop() {
      await load.stop();
      await system.stop();
    },
  };
}

async function openEcho(pairs: number): Promise<Competitor> {
  const floor = startWorker<object, string>('floors/echo-floor.ts');
  const load = startWorker<{ url: string; sockets: number } | { load: Load }, LoadResult>('load/echo.ts');
  await load.ask({ url: await floor.ask({}), sockets: pairs });
  return {
    name: 'floor (c), a bare echo',
    measure: (question) => measured(load, question, { echo: [floor.pid], 'load of the echo': [load.pid] }),
    async stop() {
      await load.stop();
      await floor.stop();
    },
  };
}

type LoadWorker = { ask: (question: { load: Load }) => Promise<LoadResult> };

/** A round, with the CPU time of the processes that took part. */
export async function measured(worker: LoadWorker, load: Load, processes: Record<string, number[]>) {
  const cpu = watchCpu(processes);
  const result = await worker.ask({ load });
  return { ...result, cpu: cpu() };
}

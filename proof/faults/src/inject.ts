import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Recorder } from './history.ts';
import type { Fault } from './schedule.ts';
import type { createTableFaults } from './table-faults.ts';

const maxShards = 8;

/** Injects a fault at its time, and records when it began and ended. */
export async function inject(
  { services, stream }: Pick<Cluster, 'services' | 'stream'>,
  tableFaults: ReturnType<typeof createTableFaults>,
  recorder: Recorder,
  fault: Fault,
): Promise<void> {
  await sleep(Math.max(0, fault.atMs));
  let atMs = recorder.nowMs();
  const began = () => {
    atMs = recorder.nowMs();
  };
  if (fault.kind === 'kill') await services[fault.target].restart(fault.forMs, began);
  else if (fault.kind === 'pause') await services[fault.target].pause(fault.forMs, began);
  else if (fault.kind === 'clock') {
    await services[fault.target].send({ clockOffsetMs: fault.offsetMs });
    began();
    await sleep(fault.forMs);
    await services[fault.target].send({ clockOffsetMs: 0 });
  } else if (fault.kind === 'split') {
    const open = stream.openShards();
    // Splits the oldest shard, or replaces it by one shard if there are enough: more would be idle.
    await retryUntilDone(() => stream.split(open[0] ?? '', open.length < maxShards ? 2 : 1));
  } else if (fault.kind === 'expire') stream.expireIterators();
  else {
    const end = tableFaults.begin(fault.kind);
    await sleep(fault.forMs);
    end();
  }
  const { kind, target } = fault;
  recorder.put({ type: 'fault', atMs, endMs: recorder.nowMs(), kind, target });
}

const retryMs = 200;

async function retryUntilDone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch {
    await sleep(retryMs);
    await retryUntilDone(work);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Recorder } from './history.ts';
import type { Fault } from './plan.ts';
import type { createWeather } from './weather.ts';

/** Carries a fault out when its time has come, and puts down when it began and when all was well again. */
export async function suffer(
  { services }: Pick<Cluster, 'services'>,
  weather: ReturnType<typeof createWeather>,
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
    await services[fault.target].tell({ clockOffsetMs: fault.offsetMs });
    began();
    await sleep(fault.forMs);
    await services[fault.target].tell({ clockOffsetMs: 0 });
  } else {
    const end = weather.begin(fault.kind);
    await sleep(fault.forMs);
    end();
  }
  const { kind, target } = fault;
  recorder.put({ type: 'fault', atMs, endMs: recorder.nowMs(), kind, target });
}

import type { DriftMonitor } from '@parley/core/audit/drift';
import type { Lag } from './lag.ts';
import type { StreamRunner } from './stream-runner.ts';

/** What a runner answers about itself. */
export type Status = Lag & {
  status: 'ok';
  /** Shards that this runner reads, of those that can be read. */
  shards: { held: number; open: number };
  /** Records that became dead letters since the start. */
  dead_letters: number;
  drift: ReturnType<DriftMonitor['counters']>;
};

export const createStatus = (runner: StreamRunner, monitor: DriftMonitor) => async (): Promise<Status> => ({
  status: 'ok',
  ...(await runner.lag()),
  shards: runner.shards(),
  dead_letters: runner.deadLetters(),
  drift: monitor.counters(),
});

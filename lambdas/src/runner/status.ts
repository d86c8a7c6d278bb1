import type { DriftMonitor } from '@parley/core/audit/drift';
import type { Lag } from './lag.ts';
import type { StreamRunner } from './stream-runner.ts';

/** The answer of `/status`. */
export type Status = Lag & {
  status: 'ok';
  /** The number of shards that this runner reads, and of those that can be read. */
  shards: { held: number; open: number };
  /** The number of records that became dead letters since the start. */
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

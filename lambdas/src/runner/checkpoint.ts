import type { Table } from '@parley/core/table/client';
import type { HeldLease } from './held-lease.ts';
import type { Progress } from './leases.ts';
import { checkpointOf, isWriteDue } from './progress.ts';

export type CheckpointOptions = {
  table: Table;
  lease: HeldLease;
  /** The progress of each source, by its name. */
  progress: () => Record<string, Progress>;
  state: () => { isFinished: boolean; isPassed: boolean };
  /** True while records are lost and not repaired. Then no checkpoint may be written. */
  isRepairing: () => boolean;
};

/** Writes the checkpoint of a shard, and decides when the next write is due. */
export function createCheckpoint({ table, lease, progress, state, isRepairing }: CheckpointOptions) {
  const numbers = () =>
    Object.values(progress())
      .map(({ doneTo }) => doneTo)
      .join();
  const ageMs = table.clock.now() - (lease.checkpoint()?.updatedAtMs ?? Number.NEGATIVE_INFINITY);
  let writtenAs = numbers();
  let writtenAtMs = writtenAs ? performance.now() - ageMs : Number.NEGATIVE_INFINITY;
  return {
    isDue: () => isWriteDue(performance.now() - writtenAtMs, numbers() !== writtenAs),
    /** Returns false if this runner may no longer hold the lease. */
    async write(): Promise<boolean> {
      if (isRepairing()) return lease.confirm();
      writtenAs = numbers();
      writtenAtMs = performance.now();
      return (await lease.save(checkpointOf(progress(), state()))) && lease.isHeld();
    },
  };
}

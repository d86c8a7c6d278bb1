import type { Table } from '@parley/core/table/client';
import type { HeldLease } from './held-lease.ts';
import type { Progress } from './leases.ts';
import { isWriteDue, positionOf } from './position.ts';

export type CheckpointOptions = {
  table: Table;
  lease: HeldLease;
  /** Of each source, by its name. */
  progress: () => Record<string, Progress>;
  state: () => { isFinished: boolean; isPassed: boolean };
  /** Records are lost and not repaired yet: no position may be written. */
  isRepairing: () => boolean;
};

/** Writes how far the sources of a shard are, and knows when that was written last. */
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
    /** False: the lease is not certainly ours. */
    async write(): Promise<boolean> {
      if (isRepairing()) return lease.confirm();
      writtenAs = numbers();
      writtenAtMs = performance.now();
      return (await lease.save(positionOf(progress(), state()))) && lease.isHeld();
    },
  };
}

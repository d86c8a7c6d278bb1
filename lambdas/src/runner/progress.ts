import type { Checkpoint, Progress, StoredCheckpoint } from './leases.ts';
import { least } from './sequence-numbers.ts';

/** The stream keeps records for 24 h. After an older checkpoint, records may be missing without notice. */
const maxCheckpointAgeMs = 20 * 60 * 60_000;
/** Without deliveries, a checkpoint is written this often if it moves past unwanted records. */
const idleCheckpointMs = 5_000;
/** A checkpoint that does not move is written this often, so that it does not become too old. */
const unmovedCheckpointMs = 60 * 60_000;

/** The progress at the beginning of a shard. */
export const beginning: Progress = { trials: [] };

/** The progress from which a source continues: its own, or else the checkpoint's. Undefined if its position is lost. */
export function continueAt(
  checkpoint: StoredCheckpoint | undefined,
  known: Progress | undefined,
  nowMs: number,
): Progress | undefined {
  if (!checkpoint || nowMs - checkpoint.updatedAtMs > maxCheckpointAgeMs) return undefined;
  return known ?? { doneTo: checkpoint.sequenceNumber, trials: [] };
}

/** The checkpoint of a shard: the progress of each source, and the least of their sequence numbers. */
export function checkpointOf(
  progress: Record<string, Progress>,
  state: { isFinished: boolean; isPassed: boolean },
): Checkpoint {
  const sequenceNumber = least(Object.values(progress).map(({ doneTo }) => doneTo));
  return { sequenceNumber, ...state, progress };
}

/** Whether the checkpoint should be written although no delivery has ended. */
export const isWriteDue = (sinceWriteMs: number, hasMoved: boolean) =>
  sinceWriteMs >= (hasMoved ? idleCheckpointMs : unmovedCheckpointMs);

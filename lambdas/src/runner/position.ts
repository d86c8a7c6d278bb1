import type { Checkpoint, Position, Progress } from './leases.ts';
import { least } from './sequence-numbers.ts';

/** The stream keeps records for 24 h. An older position may be trimmed, and reading on from it would hide a gap. */
const maxCheckpointAgeMs = 20 * 60 * 60_000;
/** A position that moves among records that no source wants is written this often, one that does not move this often. */
const idleCheckpointMs = 5_000;
const unmovedCheckpointMs = 60 * 60_000;

/** Before all records, with nothing attempted. */
export const beginning: Progress = { trials: [] };

/** Where a source continues: at its own progress, or at the checkpoint. Undefined: it has lost its position. */
export function continueAt(
  checkpoint: Checkpoint | undefined,
  known: Progress | undefined,
  nowMs: number,
): Progress | undefined {
  if (!checkpoint || nowMs - checkpoint.updatedAtMs > maxCheckpointAgeMs) return undefined;
  return known ?? { doneTo: checkpoint.sequenceNumber, trials: [] };
}

/** What the lease stores: the progress of each source, and the least of their positions as the checkpoint. */
export function positionOf(
  progress: Record<string, Progress>,
  state: { isFinished: boolean; isPassed: boolean },
): Position {
  const sequenceNumber = least(Object.values(progress).map(({ doneTo }) => doneTo));
  return { sequenceNumber, ...state, progress };
}

/** Whether a position is to be written although no delivery ended. */
export const isWriteDue = (sinceWriteMs: number, hasMoved: boolean) =>
  sinceWriteMs >= (hasMoved ? idleCheckpointMs : unmovedCheckpointMs);

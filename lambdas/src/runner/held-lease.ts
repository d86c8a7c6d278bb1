import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import type { Checkpoint, Lease, StoredCheckpoint } from './leases.ts';
import * as leases from './leases.ts';

export type HeldLease = ReturnType<typeof holdLease>;

/**
 * Holds an acquired lease: renews it three times within its duration, and writes checkpoints under its token, one at a
 * time. If several checkpoints wait, only the last is written.
 *
 * @param acquiredAtMs When the acquiring request was sent, by performance.now().
 * @param onLost Called once, when a write shows that another runner holds the lease.
 */
export function holdLease(
  table: Table,
  lease: Lease,
  { acquiredAtMs, logger, onLost }: { acquiredAtMs: number; logger: Logger; onLost: () => void },
) {
  let { counter } = lease;
  let checkpoint: StoredCheckpoint | undefined = lease.checkpoint;
  let unsaved: Checkpoint | undefined;
  /** When the last accepted write was sent. The lease's duration counts from there. */
  let confirmedAtMs = acquiredAtMs;
  let state: 'held' | 'lost' | 'released' = 'held';
  const writes = createWrites(write);
  const timer = setInterval(renewIfDue, lease.leaseMs / 3);

  const ageMs = () => performance.now() - confirmedAtMs;
  const isHeld = () => state === 'held' && ageMs() < lease.leaseMs;

  function renewIfDue() {
    if (ageMs() >= lease.leaseMs / 4) void writes.flush();
  }

  async function write(isLast: boolean): Promise<boolean> {
    if (state !== 'held') return false;
    const sentAtMs = performance.now();
    const saving = unsaved;
    unsaved = undefined;
    counter += 1;
    try {
      if (!(await leases.write(table, lease, { counter, checkpoint: saving, isLast }))) {
        lose();
        return false;
      }
      confirmedAtMs = sentAtMs;
      if (isLast) state = 'released';
      return true;
    } catch (err) {
      // The table may have written it. The next write repeats it with a greater counter.
      unsaved ??= saving;
      logger.warn({ shard: lease.shardId, err }, 'lease not renewed, trying again');
      return false;
    }
  }

  function lose() {
    state = 'lost';
    clearInterval(timer);
    logger.warn({ shard: lease.shardId }, 'another runner has acquired this shard');
    onLost();
  }

  return {
    /** The checkpoint that was found, or that was saved last. */
    checkpoint: () => checkpoint,
    isHeld,
    isLost: () => state === 'lost',
    /** Whether this runner holds the lease. After a pause longer than its duration, it is renewed first. */
    async confirm() {
      if (!isHeld()) await writes.flush();
      return isHeld();
    },
    /** Saves a checkpoint with the next write. Resolves to whether the table accepted it, or a later one. */
    save(next: Checkpoint): Promise<boolean> {
      checkpoint = { ...next, updatedAtMs: table.clock.now() };
      unsaved = next;
      return writes.flush();
    },
    /**
     * Writes the unsaved checkpoint and releases the lease, so that another runner need not wait until it is stale.
     * Resolves to false if the table did not accept it. The next holder then continues from the previous checkpoint.
     */
    async release(): Promise<boolean> {
      clearInterval(timer);
      await writes.queued();
      await writes.flush(true);
      return state === 'released';
    },
  };
}

/** Runs one write at a time. All calls during a write share the next one. */
function createWrites(write: (isLast: boolean) => Promise<boolean>) {
  let underWay: Promise<unknown> = Promise.resolve();
  let queued: Promise<boolean> | undefined;
  return {
    /** Resolves to whether the next write succeeded. */
    flush(isLast = false): Promise<boolean> {
      queued ??= underWay.then(() => {
        queued = undefined;
        const written = write(isLast);
        underWay = written;
        return written;
      });
      return queued;
    },
    queued: () => queued,
  };
}

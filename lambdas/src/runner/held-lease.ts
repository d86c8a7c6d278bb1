import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import type { Checkpoint, Lease, Position } from './leases.ts';
import * as leases from './leases.ts';

export type HeldLease = ReturnType<typeof holdLease>;

/**
 * Keeps a lease that was taken: renews it three times within its duration, and writes positions under its token, one
 * write at a time, of positions that gather meanwhile the last one. `takenAtMs` is when the take was sent
 * (performance.now()). `onLost` is told once, when the lease turns out to be somebody else's.
 */
export function holdLease(
  table: Table,
  lease: Lease,
  { takenAtMs, logger, onLost }: { takenAtMs: number; logger: Logger; onLost: () => void },
) {
  let { counter } = lease;
  let checkpoint: Checkpoint | undefined = lease.checkpoint;
  let unsaved: Position | undefined;
  /** When the last write was sent that the table took: the lease lasts from there. */
  let confirmedAtMs = takenAtMs;
  let state: 'held' | 'lost' | 'released' = 'held';
  let underWay: Promise<unknown> = Promise.resolve();
  let queued: Promise<boolean> | undefined;
  const timer = setInterval(renewIfDue, lease.leaseMs / 3);

  const ageMs = () => performance.now() - confirmedAtMs;
  const isHeld = () => state === 'held' && ageMs() < lease.leaseMs;

  function renewIfDue() {
    if (ageMs() >= lease.leaseMs / 4) void flush();
  }

  /** Resolves to whether what is unsaved now was written. */
  function flush(isLast = false): Promise<boolean> {
    queued ??= underWay.then(() => {
      queued = undefined;
      const written = write(isLast);
      underWay = written;
      return written;
    });
    return queued;
  }

  async function write(isLast: boolean): Promise<boolean> {
    if (state !== 'held') return false;
    const sentAtMs = performance.now();
    const position = unsaved;
    unsaved = undefined;
    counter += 1;
    try {
      if (!(await leases.write(table, lease, { counter, position, isLast }))) {
        lose();
        return false;
      }
      confirmedAtMs = sentAtMs;
      if (isLast) state = 'released';
      return true;
    } catch (err) {
      // It may have been written all the same: the next write says so again, with a greater counter.
      unsaved ??= position;
      logger.warn({ shard: lease.shardId, err }, 'lease not renewed, trying again');
      return false;
    }
  }

  function lose() {
    state = 'lost';
    clearInterval(timer);
    logger.warn({ shard: lease.shardId }, 'another runner has taken this shard');
    onLost();
  }

  return {
    /** Where the shard is done up to: as found, or as saved last. */
    checkpoint: () => checkpoint,
    isHeld,
    isLost: () => state === 'lost',
    /** Whether it is certainly ours: after a pause longer than its duration, the table is asked first. */
    async confirm() {
      if (!isHeld()) await flush();
      return isHeld();
    },
    /** Notes a position, soon. Resolves to whether the table took it, or a later one. */
    save(position: Position): Promise<boolean> {
      checkpoint = { ...position, updatedAtMs: table.clock.now() };
      unsaved = position;
      return flush();
    },
    /**
     * Writes what is unsaved and gives the lease up, so that another runner need not wait for it to run out. False where
     * the table did not take that: whoever holds the lease next reads on from the position before.
     */
    async release(): Promise<boolean> {
      clearInterval(timer);
      await queued;
      await flush(true);
      return state === 'released';
    },
  };
}

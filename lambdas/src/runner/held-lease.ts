import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import type { Checkpoint, Lease, Position } from './leases.ts';
import * as leases from './leases.ts';

export type HeldLease = ReturnType<typeof holdLease>;

/**
 * Holds a lease that was acquired: renews it three times within its duration, and writes positions under its token, one
 * write at a time. Of the positions that wait for a write, only the last is written. `acquiredAtMs` is when the request
 * was sent (performance.now()). `onLost` is called once, when another runner turns out to hold the lease.
 */
export function holdLease(
  table: Table,
  lease: Lease,
  { acquiredAtMs, logger, onLost }: { acquiredAtMs: number; logger: Logger; onLost: () => void },
) {
  let { counter } = lease;
  let checkpoint: Checkpoint | undefined = lease.checkpoint;
  let unsaved: Position | undefined;
  /** When the last write was sent that the table accepted: the lease lasts from there. */
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
      // The table may have written it. The next write repeats it with a greater counter.
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
    /** Up to where the shard is done: as found, or as saved last. */
    checkpoint: () => checkpoint,
    isHeld,
    isLost: () => state === 'lost',
    /** Whether the lease is certainly ours: after a pause longer than its duration, the table is asked first. */
    async confirm() {
      if (!isHeld()) await writes.flush();
      return isHeld();
    },
    /** Saves a position with the next write. Resolves to whether the table accepted it, or a later one. */
    save(position: Position): Promise<boolean> {
      checkpoint = { ...position, updatedAtMs: table.clock.now() };
      unsaved = position;
      return writes.flush();
    },
    /**
     * Writes what is unsaved and gives the lease up, so that another runner need not wait until it is stale. False if the
     * table did not accept that: the next holder continues from the position before.
     */
    async release(): Promise<boolean> {
      clearInterval(timer);
      await writes.queued();
      await writes.flush(true);
      return state === 'released';
    },
  };
}

/** One write at a time. Everybody who asks while one is under way shares the next. */
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

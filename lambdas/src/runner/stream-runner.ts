import { randomUUID } from 'node:crypto';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { Logger } from 'pino';
import { createDiscovery } from './discovery.ts';
import type { EventSource } from './event-sources.ts';
import { createHeldShards } from './held-shards.ts';
import { createLag } from './lag.ts';
import { createShare } from './share.ts';
import { createWaiter } from './waiter.ts';

/*
 * Runs the handlers on the table's stream off AWS, and shares its shards with other runners.
 *
 * 1. Discover: describe the stream every ten seconds. A shard can be read once its parent is passed (discovery.ts).
 * 2. Share: unless this runner holds all shards that can be read, read the leases. Acquire free and stale ones up to an
 *    even share, or one from a runner that holds too many (share.ts, balance.ts).
 * 3. Hold and read: a timer renews each acquired lease, and a consumer reads its shard for all event sources until the
 *    shard is done, the lease is lost, or the runner stops (held-shards.ts).
 */

const maxRestartMs = 5_000;
const defaultLeaseMs = 6_000;

export type RunnerOptions = {
  table: Table;
  streams: DynamoDBStreamsClient;
  /** The leases are stored under the name of the first one. */
  sources: EventSource[];
  logger: Logger;
  /** Repairs the summaries after records of the stream were lost. */
  repair: () => Promise<void>;
  /**
   * The duration of a lease. A runner renews it three times within this time; otherwise another runner may acquire it.
   */
  leaseMs?: number;
};

export type StreamRunner = ReturnType<typeof createStreamRunner>;

export function createStreamRunner(options: RunnerOptions) {
  const { table, streams, sources, logger, leaseMs = defaultLeaseMs } = options;
  const id = randomUUID();
  const source = sources[0]?.name ?? '';
  const changed = createWaiter();
  const lag = createLag(table, streams);
  const discovery = createDiscovery(table, streams);
  const repair = sharedPass(options.repair);
  let running: Promise<void> = Promise.resolve();
  let isStopping = false;
  let deadLetters = 0;

  const held = createHeldShards({
    ...{ table, streams, sources, logger, leaseMs, owner: id },
    onPending: lag.setPending,
    onUnreachable: lag.setUnreachable,
    onDeadLetter() {
      deadLetters += 1;
    },
    repair,
    // Wakes the loop, so that the shard's children begin at once.
    onPassed(shardId) {
      discovery.pass(shardId);
      changed.wake();
    },
    onEnded: lag.forget,
    onFinished: discovery.finish,
    onFreed: changed.wake,
  });

  const share = createShare({
    ...{ table, source, owner: id, leaseMs, discovery, held },
    isStopping: () => isStopping,
  });

  async function run() {
    for (let failures = 0; !isStopping; ) {
      let waitMs: number;
      try {
        waitMs = await share();
        failures = 0;
        lag.setReached(id);
      } catch (err) {
        waitMs = Math.min(maxRestartMs, 50 * 2 ** failures);
        failures += 1;
        lag.setUnreachable(id);
        logger.warn({ err, retryMs: waitMs }, 'cannot read the stream or the leases, trying again');
      }
      if (!isStopping) await changed.wait(waitMs);
    }
  }

  return {
    start() {
      running = run();
    },
    /** Ends the current pauses, so that the shards are read now. */
    wake: held.wake,
    /** The lag in ms, of the records that were read. Makes no request. */
    lagMs: lag.lagMs,
    /** The lag with the number of waiting records, including those that are not read yet. */
    lag: lag.measure,
    /** The number of records that became dead letters since the start. */
    deadLetters: () => deadLetters,
    /** The number of shards that this runner reads, and of those that can be read. */
    shards: () => ({ held: held.count(), open: discovery.open().length }),
    /**
     * Resolves when the running deliveries have ended and the leases are released. It does not wait for a repair pass;
     * the next start repeats it.
     */
    async stop() {
      isStopping = true;
      held.endAll();
      changed.wake();
      await running;
      held.endAll();
      await held.ended();
    },
  };
}

/** Runs one pass at a time. Calls during a pass get its result. */
function sharedPass(pass: () => Promise<void>) {
  let underWay: Promise<void> | undefined;
  return () => {
    underWay ??= pass().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

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
 * Runs handlers over the table's stream, off AWS, and shares its shards with other runners.
 *
 * 1. Discover: the stream is described every ten seconds. A shard can be read once its parent is passed (discovery.ts).
 * 2. Share: unless this runner holds all of these, it reads the leases, and acquires those that are free, stale or more
 *    than another's share (share.ts, balance.ts).
 * 3. Hold and read: an acquired lease is renewed by a timer of its own, and a consumer reads its shard for all event
 *    sources until the shard is done, the lease is lost, or the runner stops (held-shards.ts).
 */

const maxRestartMs = 5_000;
const defaultLeaseMs = 6_000;

export type RunnerOptions = {
  table: Table;
  streams: DynamoDBStreamsClient;
  /** The first names the leases. */
  sources: EventSource[];
  logger: Logger;
  /** Repairs what a gap in the stream may have left behind. */
  repair: () => Promise<void>;
  /** A runner that does not renew a lease for this long loses it. It renews three times in this time. */
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
    onLost: repair,
    // The table stores that the shard is passed, so every runner may begin its children.
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
        logger.warn({ err, retryMs: waitMs }, 'stream or leases out of reach, trying again');
      }
      if (!isStopping) await changed.wait(waitMs);
    }
  }

  return {
    start() {
      running = run();
    },
    /** Reads now instead of after the current pause. */
    wake: held.wake,
    /** Age of the oldest record that was read and is not handled yet, or how long nothing can be read, in ms. */
    lagMs: lag.lagMs,
    /** The same, with the number of records that wait. */
    lag: lag.measure,
    /** Records that became dead letters since the start. */
    deadLetters: () => deadLetters,
    /** How many shards this runner reads, and how many can be read. */
    shards: () => ({ held: held.count(), open: discovery.open().length }),
    /**
     * Resolves when the batches under way are done and the leases are given up. A repair pass is not awaited: the next
     * start repeats it.
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

/** One pass at a time serves everybody who asks. */
function sharedPass(pass: () => Promise<void>) {
  let underWay: Promise<void> | undefined;
  return () => {
    underWay ??= pass().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import * as nodes from '@parley/core/live/nodes';
import type { Parts } from '../parts.ts';
import { event } from './frames.ts';
import type { Presence } from './presence.ts';
import type { SessionChecks } from './session-checks.ts';
import type { Sockets } from './sockets.ts';

/** Sockets that resync do so within this time. */
const resyncSpreadMs = 1_000;
const retryMs = 1_000;
/**
 * After a gap this long other nodes may have treated us as dead and recorded no missed deliveries, so every socket must
 * resync.
 */
const givenUpAfterMs = nodes.deadAfterMs - nodes.heartbeatMs;
/**
 * A node that starts while the table is unreachable serves requests anyway. It accepts sockets once the table is back.
 */
const listedWithinMs = 3_000;

export type HeartbeatParts = Pick<Parts, 'table' | 'metrics' | 'logger'> & {
  node: nodes.Node;
  sockets: Sockets;
  presence: Presence;
  sessionChecks: SessionChecks;
  signal: AbortSignal;
};

/**
 * Keeps this node in the table's list of nodes. Each heartbeat retries failed writes and resyncs sockets if necessary.
 */
export function createHeartbeat(parts: HeartbeatParts) {
  const { table, metrics, logger, node, sockets, presence, sessionChecks, signal } = parts;
  /** Deliveries arrive only once the table lists this node, so no socket is accepted before. */
  let isListed = false;
  let missedAt: string | undefined;
  let lastAtMs = 0;
  let loop: Promise<void> | undefined;

  async function once() {
    const newestMiss = await nodes.heartbeat(table, node);
    isListed = true;
    const gap = { silentMs: table.clock.now() - lastAtMs, missedAt, newestMiss };
    if (mayHaveMissed(gap)) {
      metrics?.missed();
      resync(sockets);
    }
    missedAt = newestMiss;
    if (wasGivenUp(gap)) presence.announceAll();
    lastAtMs = table.clock.now();
    presence.observeNodes(await nodes.list(table));
    await sockets.renew();
    await sessionChecks.checkAll();
  }

  async function run() {
    lastAtMs = table.clock.now();
    while (!signal.aborted) {
      const waitMs = await once().then(
        () => nodes.heartbeatMs,
        (err) => {
          logger.warn({ err }, 'the heartbeat failed');
          return retryMs;
        },
      );
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  return {
    isListed: () => isListed,
    /** Resolves when the node is listed, or after three seconds if the table is unreachable. */
    async start() {
      loop = run();
      const deadline = performance.now() + listedWithinMs;
      while (!isListed && performance.now() < deadline) await sleep(10);
    },
    /** Resolves when the loop has ended and the node is no longer listed. */
    async leave() {
      await loop;
      if (loop)
        await nodes
          .leave(table, node.nodeId)
          .catch((err) => logger.warn({ err }, 'the node stays in the list of nodes'));
    },
  };
}

type Gap = { silentMs: number; missedAt: string | undefined; newestMiss: string | undefined };

export const wasGivenUp = ({ silentMs }: Pick<Gap, 'silentMs'>) => silentMs > givenUpAfterMs;

/** Whether this node may have missed a delivery since the last heartbeat. */
export const mayHaveMissed = (gap: Gap) => gap.newestMiss !== gap.missedAt || wasGivenUp(gap);

function resync(sockets: Sockets) {
  const frame = event('resync', {});
  for (const connection of sockets.all())
    setTimeout(() => connection.send(frame), Math.random() * resyncSpreadMs);
}

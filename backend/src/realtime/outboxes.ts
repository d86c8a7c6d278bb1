import type { DeliveryClient, NodeEvent } from '@parley/core/live/delivery';
import * as nodes from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';
import type { Logger } from '../observe/logger.ts';

export type Outboxes = ReturnType<typeof createOutboxes>;

export type OutboxesOptions = {
  table: Table;
  nodeId: string;
  directory: nodes.Directory;
  client: DeliveryClient;
  logger: Logger;
};

/** Events that may wait for one node. A slower node misses some, and the table records that. */
const maxWaiting = 10_000;

type Outbox = { waiting: NodeEvent[]; isSending: boolean };

/** Sends events to the other nodes. Each node gets one request at a time, with all events that wait for it. */
export function createOutboxes({ table, nodeId, directory, client, logger }: OutboxesOptions) {
  const outboxes = new Map<string, Outbox>();

  async function sendAll(node: nodes.Node, outbox: Outbox) {
    outbox.isSending = true;
    while (outbox.waiting.length > 0) {
      const events = outbox.waiting.splice(0);
      await client.deliver(node, { events }).catch((err) => missed(node, events, err));
    }
    outboxes.delete(node.nodeId);
  }

  async function missed({ nodeId }: nodes.Node, events: NodeEvent[], err?: unknown) {
    logger.debug({ nodeId, err }, 'a node missed events');
    // Typing and presence are outdated before a node could catch up.
    if (!events.some(({ event }) => event === 'read' || event === 'settings')) return;
    await nodes
      .recordMissed(table, nodeId)
      .catch((err) => logger.warn({ nodeId, err }, 'a missed delivery was not recorded'));
  }

  function enqueue(node: nodes.Node, event: NodeEvent) {
    const outbox = outboxes.get(node.nodeId) ?? { waiting: [], isSending: false };
    outboxes.set(node.nodeId, outbox);
    if (outbox.waiting.length < maxWaiting) outbox.waiting.push(event);
    else void missed(node, [event]);
    if (!outbox.isSending) void sendAll(node, outbox);
  }

  const others = async () => (await directory.list()).filter((node) => node.nodeId !== nodeId);

  return {
    /** Sends to all other live nodes, because looking up the nodes of each person would cost a read for each. */
    async broadcast(event: NodeEvent) {
      for (const node of await others()) enqueue(node, event);
    },
    /** Broadcasts only up to a number of nodes, beyond which it costs more than it gains. */
    async broadcastIfFew(event: NodeEvent) {
      const alive = await others();
      if (alive.length < nodes.broadcastMax) for (const node of alive) enqueue(node, event);
    },
  };
}

import type { Table } from '../table/client.ts';
import type { ConversationNews, DeliveryClient } from './delivery.ts';
import * as nodes from './nodes.ts';

/** After a failed delivery, the node gets none for this long. Its sockets resync later, and other nodes do not wait. */
const skipMs = 2_000;
const recordAttempts = 3;

export type NodeDeliveriesOptions = {
  table: Table;
  client: DeliveryClient;
  /** Called if a node could not be reached. */
  onMissed?: ((nodeId: string, error: unknown) => void) | undefined;
};

/** Delivers to nodes, and records each missed delivery so that the node resyncs its sockets. */
export function createNodeDeliveries({ table, client, onMissed }: NodeDeliveriesOptions) {
  const skippedUntilMs = new Map<string, number>();

  async function deliver({ nodeId, endpoint }: nodes.Node, conversations: ConversationNews[]) {
    if (performance.now() < (skippedUntilMs.get(nodeId) ?? 0)) return recordMissed(nodeId);
    try {
      await client.deliver({ nodeId, endpoint }, { conversations });
      skippedUntilMs.delete(nodeId);
    } catch (error) {
      skippedUntilMs.set(nodeId, performance.now() + skipMs);
      onMissed?.(nodeId, error);
      await recordMissed(nodeId);
    }
  }

  /** Rejects if the table is unavailable. The batch must then be delivered again. */
  async function recordMissed(nodeId: string, attempt = 1): Promise<void> {
    try {
      await nodes.recordMissed(table, nodeId);
    } catch (error) {
      if (attempt === recordAttempts) throw error;
      return recordMissed(nodeId, attempt + 1);
    }
  }

  return { deliver };
}

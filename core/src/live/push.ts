import { type Summary, summaryFromItem } from '../inbox/summaries.ts';
import type { Roster, Rosters } from '../log/rosters.ts';
import type { Table } from '../table/client.ts';
import { summaryKey } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';
import type { ConversationNews, DeliveryClient } from './delivery.ts';
import { createNodeDeliveries } from './node-deliveries.ts';
import type { Node } from './nodes.ts';
import { byConversation, concernedBy, createRouter, isLarge, type NodeOfRoute, type Route } from './route.ts';

export { isLarge } from './route.ts';

/*
 * Delivers new entries to the nodes, after their summaries are written.
 *
 * 1. `route` finds the members of each conversation and the nodes with their sockets (route.ts). It reads the table
 *    after the entry was written, so it sees everybody who connected before the entry. With few nodes, every node
 *    receives every entry and finds its own people: that costs less than to read everybody's nodes.
 * 2. `send` reads the new summaries of connected people, unless each node does so, and makes one request to each node.
 * 3. A missed delivery is recorded for the node. With its next heartbeat the node lets its sockets resync. Nothing is
 *    delivered again, and no other node waits.
 */

export type PushOptions = {
  table: Table;
  /** The projector's rosters, so that they are as new as its writes. */
  rosters: Rosters;
  client: DeliveryClient;
  /** Called if a node could not be reached. */
  onMissed?: (nodeId: string, error: unknown) => void;
};

export type Push = ReturnType<typeof createPush>;

export function createPush({ table, rosters, client, onMissed }: PushOptions) {
  const { route } = createRouter({ table, rosters });
  const deliveries = createNodeDeliveries({ table, client, onMissed });

  /** Delivers the routes. Leaves out conversations whose summaries `failed`, because their records are retried. */
  async function send(
    routes: Map<string, Route>,
    failed: ReadonlySet<string> | ReadonlyMap<string, unknown>,
  ) {
    const ready = [...routes].filter(([uuid]) => !failed.has(uuid));
    const rows = await rowsOf(table, ready);
    const byNode = new Map<string, { node: Node; conversations: ConversationNews[] }>();
    for (const [uuid, route] of ready) {
      for (const { userUuids, ...node } of route.nodes.values()) {
        const delivery = byNode.get(node.nodeId) ?? { node, conversations: [] };
        byNode.set(node.nodeId, delivery);
        delivery.conversations.push(newsFor(userUuids, uuid, route, rows.get(uuid) ?? []));
      }
    }
    await Promise.all(
      [...byNode.values()].map(({ node, conversations }) => deliveries.deliver(node, conversations)),
    );
  }

  return { route, send };
}

/** The summaries of connected people, by conversation. */
async function rowsOf(table: Table, ready: [string, Route][]): Promise<Map<string, Summary[]>> {
  const keys = ready.flatMap(([uuid, { roster, nodes }]) =>
    connectedMembers(roster, nodes).map((userUuid) => summaryKey(userUuid, uuid)),
  );
  return byConversation((await batchGet(table, keys)).map(summaryFromItem));
}

/** One conversation's part of the delivery to a node with these people. */
function newsFor(
  userUuids: NodeOfRoute['userUuids'],
  messageGroupUuid: string,
  { roster, entries, erased }: Route,
  rows: Summary[],
): ConversationNews {
  return {
    message_group_uuid: messageGroupUuid,
    version: roster.group.version,
    entries,
    ...(erased.length > 0 && { erased }),
    rows: userUuids === 'everybody' ? [] : rows.filter(({ user }) => userUuids.has(user)),
    ...(userUuids === 'everybody' && !isLarge(roster) && { members: [...concernedBy(roster, entries)] }),
  };
}

function connectedMembers(roster: Roster, nodes: Map<string, NodeOfRoute>): string[] {
  const connected = new Set<string>();
  for (const { userUuids } of nodes.values()) {
    if (userUuids !== 'everybody') for (const userUuid of userUuids) connected.add(userUuid);
  }
  return [...connected].filter((userUuid) => roster.has(userUuid));
}

import type { NodeEvent } from '@parley/core/live/delivery';
import type * as nodes from '@parley/core/live/nodes';
import { isLarge } from '@parley/core/live/push';
import type { Roster } from '@parley/core/log/rosters';
import type { Connection } from './connection.ts';
import { event } from './frames.ts';
import { createOnlineElsewhere } from './online-elsewhere.ts';
import type { Peers } from './peers.ts';
import type { Sockets } from './sockets.ts';
import { createTimers } from './timers.ts';
import { createWhereabouts, type WhereaboutsOptions } from './whereabouts.ts';

/** People of a stopped node have reconnected to another node by then. */
const movingMs = 6_000;

export type PresenceViewOptions = Omit<WhereaboutsOptions, 'onFound'> & {
  peers: Peers;
  sockets: Sockets;
  /** Whether this node shows the person as online. */
  isShown: (userUuid: string) => boolean;
  inBackground: (work: () => Promise<void>) => void;
};

type PresenceEvent = Extract<NodeEvent, { event: 'presence' }>;

/** Tells the sockets of this node who is online, here and on other nodes. */
export function createPresenceView(options: PresenceViewOptions) {
  const { nodeId, peers, sockets, isShown, inBackground } = options;
  const elsewhere = createOnlineElsewhere();
  const whereabouts = createWhereabouts({ ...options, onFound: elsewhere.add });
  /** Keyed by the array of people of a dead node. */
  const timers = createTimers();

  /** The people of this list who are online on any node. */
  async function online(userUuids: string[]): Promise<string[]> {
    if (userUuids.length === 0) return [];
    const found = await whereabouts.onlineElsewhere(userUuids);
    return [...new Set([...userUuids.filter(isShown), ...found])];
  }

  /** Sends the event to its recipients on this node. */
  function show({ user_uuid, online, node, to }: PresenceEvent) {
    if (!online) elsewhere.remove(node, user_uuid);
    else if (node !== nodeId && to.some(sockets.has)) elsewhere.add(node, user_uuid);
    const frame = event('presence', { user_uuid, online });
    for (const userUuid of to) sockets.send(userUuid, frame);
  }

  /** Shows the people of a dead node as offline, unless they have reconnected to another node. */
  async function showDeadNode(node: string, people: string[]) {
    const present = new Set(await online(people));
    for (const user_uuid of people) {
      if (present.has(user_uuid)) continue;
      show({ event: 'presence', user_uuid, online: false, node, to: await peers.of(user_uuid) });
    }
  }

  async function showPresent(roster: Roster, here: string[]) {
    const present = await online(roster.userUuids);
    for (const userUuid of here) {
      const others = present.filter((uuid) => uuid !== userUuid);
      for (const connection of sockets.of(userUuid)) sendOnline(connection, others);
    }
  }

  return {
    show,
    isElsewhere: whereabouts.isElsewhere,
    /** Sends one socket the people of this list who are online. */
    async showTo(connection: Connection, userUuids: string[]) {
      sendOnline(connection, await online(userUuids));
    },
    /** Shows the people of dead nodes as offline, after a delay in which they may reconnect to another node. */
    observeNodes(alive: nodes.Node[]) {
      if (timers.isStopped()) return;
      for (const { nodeId, people } of elsewhere.removeDead(new Set(alive.map((node) => node.nodeId))))
        timers.start(people, movingMs, () => inBackground(() => showDeadNode(nodeId, people)));
    },
    /** Shows the members of a conversation each other's presence. */
    introduce(roster: Roster, here: string[]) {
      if (!isLarge(roster)) inBackground(() => showPresent(roster, here));
    },
    stop: timers.stop,
  };
}

function sendOnline(connection: Connection, userUuids: string[]) {
  for (const user_uuid of userUuids) connection.send(event('presence', { user_uuid, online: true }));
}

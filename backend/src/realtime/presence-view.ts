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

/** People whom a stopping node sent away are back on another one by then. */
const movingMs = 6_000;

export type PresenceViewOptions = Omit<WhereaboutsOptions, 'onFound'> & {
  peers: Peers;
  sockets: Sockets;
  /** Whether this node shows the person as online. */
  isShown: (userUuid: string) => boolean;
  inBackground: (work: () => Promise<void>) => void;
};

type PresenceEvent = Extract<NodeEvent, { event: 'presence' }>;

/** Shows the sockets of this node who is online, here and elsewhere. */
export function createPresenceView(options: PresenceViewOptions) {
  const { nodeId, peers, sockets, isShown, inBackground } = options;
  const elsewhere = createOnlineElsewhere();
  const whereabouts = createWhereabouts({ ...options, onFound: elsewhere.add });
  /** Keyed by the list of people of a dead node. */
  const timers = createTimers();

  /** Those of these people who are online anywhere. */
  async function online(userUuids: string[]): Promise<string[]> {
    if (userUuids.length === 0) return [];
    const found = await whereabouts.onlineElsewhere(userUuids);
    return [...new Set([...userUuids.filter(isShown), ...found])];
  }

  /** Sends the event to those of its people who are here. */
  function show({ user_uuid, online, node, to }: PresenceEvent) {
    if (!online) elsewhere.remove(node, user_uuid);
    else if (node !== nodeId && to.some(sockets.has)) elsewhere.add(node, user_uuid);
    const frame = event('presence', { user_uuid, online });
    for (const userUuid of to) sockets.send(userUuid, frame);
  }

  /** Shows the people of a dead node as offline, unless they have come back on another one. */
  async function buryNode(node: string, people: string[]) {
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
    /** Shows one socket those of these people who are online. */
    async showTo(connection: Connection, userUuids: string[]) {
      sendOnline(connection, await online(userUuids));
    },
    /** A dead node takes its people offline, after a while in which they may come back on another one. */
    observeNodes(alive: nodes.Node[]) {
      if (timers.isStopped()) return;
      for (const { nodeId, people } of elsewhere.removeDead(new Set(alive.map((node) => node.nodeId))))
        timers.start(people, movingMs, () => inBackground(() => buryNode(nodeId, people)));
    },
    /** Shows people to each other who share a conversation from now on. */
    introduce(roster: Roster, here: string[]) {
      if (!isLarge(roster)) inBackground(() => showPresent(roster, here));
    },
    stop: timers.stop,
  };
}

function sendOnline(connection: Connection, userUuids: string[]) {
  for (const user_uuid of userUuids) connection.send(event('presence', { user_uuid, online: true }));
}

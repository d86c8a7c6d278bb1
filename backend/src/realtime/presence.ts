import type { NodeEvent } from '@parley/core/live/delivery';
import type * as nodes from '@parley/core/live/nodes';
import { isLarge } from '@parley/core/live/push';
import type { Roster } from '@parley/core/log/rosters';
import pLimit from 'p-limit';
import type { Logger } from '../observe/logger.ts';
import type { Connection } from './connection.ts';
import { event } from './frames.ts';
import { createOnlineElsewhere } from './online-elsewhere.ts';
import type { Outboxes } from './outboxes.ts';
import type { Peers } from './peers.ts';
import type { Sockets } from './sockets.ts';
import { createTimers } from './timers.ts';
import { createWhereabouts, type WhereaboutsOptions } from './whereabouts.ts';

/** A page that is loaded again does not go offline in between. */
const graceMs = 3_000;
/** People whom a stopping node sent away are back on another one by then. */
const movingMs = 6_000;
const lookUpsInFlight = 8;

export type PresenceOptions = Omit<WhereaboutsOptions, 'onFound'> & {
  peers: Peers;
  sockets: Sockets;
  outboxes: Pick<Outboxes, 'broadcast'>;
  logger: Logger;
};

export type Presence = ReturnType<typeof createPresence>;

type PresenceEvent = Extract<NodeEvent, { event: 'presence' }>;

/** Shows who is online to the people who share a conversation. Nothing is stored, and nothing depends on it. */
export function createPresence(options: PresenceOptions) {
  const { nodeId, peers, sockets, outboxes, logger } = options;
  const limit = pLimit(lookUpsInFlight);
  /** People whom this node has announced as online, and not yet as offline. */
  const announced = new Set<string>();
  const elsewhere = createOnlineElsewhere();
  const whereabouts = createWhereabouts({ ...options, onFound: elsewhere.add });
  /** Keyed by the person who leaves, or by the list of people of a dead node. */
  const timers = createTimers();

  const inBackground = (work: () => Promise<void>) =>
    void limit(work).catch((err) => logger.debug({ err }, 'presence was not published'));

  /** A person who left a moment ago counts as online until the others know, so that all nodes say the same. */
  const isShown = (userUuid: string) => announced.has(userUuid) || sockets.has(userUuid);

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

  async function announce(user_uuid: string, isOnline: boolean, to: string[]) {
    const change = { event: 'presence', user_uuid, online: isOnline, node: nodeId, to } as const;
    show(change);
    await outboxes.broadcast(change);
  }

  async function goOnline(connection: Connection, userUuid: string) {
    const others = await peers.of(userUuid);
    showOnline(connection, await online(others));
    if (announced.has(userUuid) || !sockets.has(userUuid)) return;
    announced.add(userUuid);
    if (!(await whereabouts.isElsewhere(userUuid))) await announce(userUuid, true, others);
  }

  async function goOffline(userUuid: string) {
    if (sockets.has(userUuid) || !announced.delete(userUuid)) return;
    if (!(await whereabouts.isElsewhere(userUuid))) await announce(userUuid, false, await peers.of(userUuid));
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
      for (const connection of sockets.of(userUuid)) showOnline(connection, others);
    }
  }

  return {
    show,
    isShown,

    /** A dead node takes its people offline, after a while in which they may come back on another one. */
    observeNodes(alive: nodes.Node[]) {
      if (timers.isStopped()) return;
      for (const { nodeId, people } of elsewhere.removeDead(new Set(alive.map((node) => node.nodeId))))
        timers.start(people, movingMs, () => inBackground(() => buryNode(nodeId, people)));
    },

    /** Announces everybody here again, because the other nodes took this one for dead. */
    reappear() {
      for (const userUuid of announced)
        inBackground(async () => announce(userUuid, true, await peers.of(userUuid)));
    },

    /** A socket has authenticated: it learns who is online, and the others learn of its person. */
    arrived(connection: Connection, userUuid: string) {
      timers.cancel(userUuid);
      inBackground(() => goOnline(connection, userUuid));
    },

    /** A person's last socket on this node is gone. */
    departed(userUuid: string) {
      if (!timers.isStopped() && !timers.has(userUuid))
        timers.start(userUuid, graceMs, () => inBackground(() => goOffline(userUuid)));
    },

    /** Shows people to each other who share a conversation from now on. */
    introduce(roster: Roster, here: string[]) {
      if (!isLarge(roster)) inBackground(() => showPresent(roster, here));
    },

    stop: timers.stop,
  };
}

function showOnline(connection: Connection, userUuids: string[]) {
  for (const user_uuid of userUuids) connection.send(event('presence', { user_uuid, online: true }));
}

import pLimit from 'p-limit';
import type { Logger } from '../observe/logger.ts';
import type { Connection } from './connection.ts';
import type { Outboxes } from './outboxes.ts';
import { createPresenceView, type PresenceViewOptions } from './presence-view.ts';
import { createTimers } from './timers.ts';

/** A person who reloads the page does not go offline in between. */
const graceMs = 3_000;
const lookUpsInFlight = 8;

export type PresenceOptions = Omit<PresenceViewOptions, 'isShown' | 'inBackground'> & {
  outboxes: Pick<Outboxes, 'broadcast'>;
  logger: Logger;
};

export type Presence = ReturnType<typeof createPresence>;

/**
 * Announces the people of this node as online or offline to the people who share a conversation with them. Presence is
 * not stored, and nothing depends on it.
 */
export function createPresence(options: PresenceOptions) {
  const { nodeId, peers, sockets, outboxes, logger } = options;
  const limit = pLimit(lookUpsInFlight);
  /** People announced as online by this node, and not yet as offline. */
  const announced = new Set<string>();
  /** Keyed by the person who leaves. */
  const leaving = createTimers();

  const inBackground = (work: () => Promise<void>) =>
    void limit(work).catch((err) => logger.debug({ err }, 'presence was not published'));

  /** A person counts as online until announced as offline, so that all nodes show the same. */
  const isShown = (userUuid: string) => announced.has(userUuid) || sockets.has(userUuid);
  const view = createPresenceView({ ...options, isShown, inBackground });

  async function announce(user_uuid: string, isOnline: boolean, to: string[]) {
    const change = { event: 'presence', user_uuid, online: isOnline, node: nodeId, to } as const;
    view.show(change);
    await outboxes.broadcast(change);
  }

  async function goOnline(connection: Connection, userUuid: string) {
    const others = await peers.of(userUuid);
    await view.showTo(connection, others);
    if (announced.has(userUuid) || !sockets.has(userUuid)) return;
    announced.add(userUuid);
    if (!(await view.isElsewhere(userUuid))) await announce(userUuid, true, others);
  }

  async function goOffline(userUuid: string) {
    if (sockets.has(userUuid) || !announced.delete(userUuid)) return;
    if (!(await view.isElsewhere(userUuid))) await announce(userUuid, false, await peers.of(userUuid));
  }

  return {
    show: view.show,
    observeNodes: view.observeNodes,
    introduce: view.introduce,
    isShown,

    /** Announces everybody here again, because other nodes have treated this one as dead. */
    announceAll() {
      for (const userUuid of announced)
        inBackground(async () => announce(userUuid, true, await peers.of(userUuid)));
    },

    /** Sends an authenticated socket who is online, and announces its person. */
    arrived(connection: Connection, userUuid: string) {
      leaving.cancel(userUuid);
      inBackground(() => goOnline(connection, userUuid));
    },

    /** Announces a person as offline some seconds after their last socket on this node has closed. */
    departed(userUuid: string) {
      if (!leaving.isStopped() && !leaving.has(userUuid))
        leaving.start(userUuid, graceMs, () => inBackground(() => goOffline(userUuid)));
    },

    stop() {
      leaving.stop();
      view.stop();
    },
  };
}

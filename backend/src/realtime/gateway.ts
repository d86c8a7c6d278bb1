import type { ConversationNews, Delivery } from '@parley/core/live/delivery';
import type { Session } from '../auth/sessions.ts';
import type { Parts } from '../parts.ts';
import { createCommands } from './commands/commands.ts';
import type { Connection } from './connection.ts';
import { createDeliveryServer } from './delivery-server.ts';
import { endpointUrl } from './endpoint-url.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createLive } from './live.ts';
import { createReceiver } from './receiver.ts';
import { createSocketServer } from './socket-server.ts';

/*
 * Sockets, deliveries and events of a node.
 *
 * In: frames of sockets (`socket-server`, `receiver`, `commands/`), and signed deliveries (`delivery-server`) from the
 * stream's Lambda (`conversations`) and from other nodes (`node-events`). Out: frames to the sockets of the members,
 * and events to the other nodes (`publisher`, `outboxes`). In the table: the people on this node (`sockets`) and the
 * node itself (`heartbeat`).
 */

const drainTimeoutMs = 5_000;

export type Gateway = ReturnType<typeof createGateway>;

export function createGateway(parts: Parts) {
  const { config, logger, metrics, table } = parts;
  const stopping = new AbortController();
  const node = { nodeId: parts.nodeId, endpoint: '' };
  const live = createLive({ ...parts, node });
  const { sockets, presence, publisher, ownChanges } = live;
  const heartbeat = createHeartbeat({ ...parts, ...live, node, signal: stopping.signal });
  const commands = createCommands({ ...parts, ...live, onAuthenticated });
  const receiver = createReceiver({ ...parts, commands });
  const socketServer = createSocketServer({
    config,
    logger,
    receiver,
    isOpen: () => heartbeat.isListed() && !stopping.signal.aborted,
    onClose,
  });
  const deliveryServer = createDeliveryServer({
    nodeId: node.nodeId,
    secrets: config.DELIVERY_SECRETS,
    clock: table.clock,
    logger,
    onDelivery,
    online: (userUuids) => userUuids.filter(presence.isShown),
  });
  metrics?.watchSockets(socketServer.connections);

  async function onAuthenticated(connection: Connection, { user }: Session) {
    await sockets.add(connection, user.uuid);
    if (!socketServer.isConnected(connection)) await sockets.remove(connection, user.uuid);
    else presence.arrived(connection, user.uuid);
  }

  async function onClose(connection: Connection) {
    const userUuid = connection.session?.user.uuid;
    if (userUuid && (await sockets.remove(connection, userUuid))) presence.departed(userUuid);
  }

  function onDelivery({ conversations = [], events = [] }: Delivery) {
    if (logger.isLevelEnabled('debug') && conversations.length > 0)
      logger.debug({ message_uuids: uuidsOf(conversations) }, 'delivery');
    void live.conversations.deliverAll(conversations);
    for (const nodeEvent of events)
      live
        .apply(nodeEvent)
        .catch((err) => logger.warn({ err, event: nodeEvent.event }, 'an event was not applied'));
  }

  return {
    upgrade: socketServer.upgrade,
    connections: socketServer.connections,
    markRead: ownChanges.markRead,
    changeSettings: ownChanges.changeSettings,
    publishAppended: publisher.publishAppended,
    /** Closes the sockets of a signed-out person on every node. */
    publishSessionsEnded: (user_uuid: string) =>
      publisher.publishInBackground({ event: 'sessions_ended', user_uuid }),

    /** Accepts deliveries from here on. Rejects if the port is taken. */
    async start() {
      if (config.DELIVERY_SECRETS.length === 0) throw new Error('DELIVERY_SECRETS is not set');
      const port = await deliveryServer.listen(config.DELIVERY_PORT, config.DELIVERY_HOST);
      node.endpoint = await endpointUrl(config, port);
      await heartbeat.start();
    },

    /**
     * Answers the frames in flight, asks every client to reconnect after a delay, and removes the node from the list.
     */
    async stop() {
      stopping.abort();
      presence.stop();
      await receiver.drain(drainTimeoutMs);
      await socketServer.closeAll();
      await heartbeat.leave();
      await deliveryServer.close();
      live.stop();
    },
  };
}

const uuidsOf = (conversations: ConversationNews[]) =>
  conversations.flatMap(({ entries }) => entries.map(({ message_uuid }) => message_uuid));

import { createDeliveryClient, type NodeEvent } from '@parley/core/live/delivery';
import * as nodes from '@parley/core/live/nodes';
import { createRosters } from '@parley/core/log/rosters';
import type { Parts } from '../parts.ts';
import { createAudience } from './audience.ts';
import { createConversations } from './conversations.ts';
import { event } from './frames.ts';
import { applyNodeEvent } from './node-events.ts';
import { createOutboxes } from './outboxes.ts';
import { createOwnChanges } from './own-changes.ts';
import { createPeers } from './peers.ts';
import { createPresence } from './presence.ts';
import { createPublisher } from './publisher.ts';
import { createRows } from './rows.ts';
import { createSessionChecks } from './session-checks.ts';
import { createSockets } from './sockets.ts';

export type LiveParts = Pick<
  Parts,
  'config' | 'logger' | 'metrics' | 'table' | 'log' | 'newestEntries' | 'pages' | 'people' | 'sessions'
> & { node: nodes.Node };
export type Live = ReturnType<typeof createLive>;

/** Builds what a node needs to publish events and to deliver them to its sockets. */
export function createLive(parts: LiveParts) {
  const { config, logger, table, node } = parts;
  const { nodeId } = node;
  const client = createDeliveryClient({ table, secrets: config.DELIVERY_SECRETS });
  const directory = nodes.createDirectory(table);
  const rosters = createRosters(table);
  const sockets = createSockets({ table, node, perPerson: config.REALTIME_SOCKETS_PER_PERSON, logger });
  const audience = createAudience(rosters, sockets);
  const outboxes = createOutboxes({ table, nodeId, directory, client, logger });
  const peers = createPeers({ ...parts, rosters });
  const presence = createPresence({ table, nodeId, peers, sockets, directory, client, outboxes, logger });

  /** Makes everybody who may have missed an entry read the log. */
  function onLost(messageGroupUuid: string, err?: unknown) {
    if (err) logger.warn({ messageGroupUuid, err }, 'entries were not delivered to sockets');
    const frame = event('resync', {});
    void audience.affectedBy(messageGroupUuid).then((userUuids) => {
      for (const userUuid of userUuids) sockets.send(userUuid, frame);
    });
  }

  const rows = createRows({ ...parts, audience, sockets, onLost });
  const conversations = createConversations({ ...parts, audience, sockets, rows, presence, onLost });
  const sessionChecks = createSessionChecks(parts.sessions, sockets);
  const apply = (nodeEvent: NodeEvent) =>
    applyNodeEvent({ audience, sockets, conversations, rows, presence, sessionChecks }, nodeEvent);
  const publisher = createPublisher({ apply, outboxes, conversations, logger });

  return {
    rosters,
    sockets,
    presence,
    conversations,
    sessionChecks,
    publisher,
    apply,
    ownChanges: createOwnChanges({ ...parts, publisher }),
    stop() {
      conversations.stop();
      rows.stop();
      client.close();
    },
  };
}

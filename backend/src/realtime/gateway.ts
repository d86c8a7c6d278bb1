import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { flagsOf } from '@parley/contract/entry-kinds';
import * as settings from '@parley/core/inbox/settings';
import * as summaries from '@parley/core/inbox/summaries';
import {
  type ConversationNews,
  createDeliveryClient,
  type Delivery,
  type NodeEvent,
} from '@parley/core/live/delivery';
import * as nodes from '@parley/core/live/nodes';
import { isLarge } from '@parley/core/live/push';
import type { Entry } from '@parley/core/log/entries';
import { createRosters } from '@parley/core/log/rosters';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Session } from '../auth/sessions.ts';
import type { Context } from '../context.ts';
import { createActions } from './actions.ts';
import { type Connection, createConnection } from './connection.ts';
import { createDeliveryServer } from './delivery-server.ts';
import { endpointUrl } from './endpoint-url.ts';
import { closeCodes, codeOf } from './frame-errors.ts';
import { event } from './frames.ts';
import { createHandshakes, type Guest, refuseUpgrade } from './handshake.ts';
import { createNews, rosterMaxAgeMs } from './news.ts';
import { createOutboxes } from './outboxes.ts';
import { createPresence } from './presence.ts';
import { createReceiver } from './receiver.ts';
import { createSockets } from './sockets.ts';

/*
 * The live side of a node.
 *
 * In: sockets (`upgrade`, then frames to `receiver`), and signed deliveries (`delivery-server`) of the stream's Lambda
 * (`news`) and of the other nodes (`hear`). Out: frames to the sockets of those whom it concerns, and events to the
 * other nodes (`outboxes`). The table knows which people are here (`sockets`) and that this node lives (`beat`).
 */

const authenticateWithinMs = 5_000;
const frameAllowance = 16 * 1024;
const bytesPerUnit = 6;
/** Sockets that resync, or come back after a drain, do so within this time. */
const resyncSpreadMs = 1_000;
const reconnectSpreadMs = 5_000;
/** A node that starts while the table is away serves all the same, and takes sockets when it is back. */
const listedWithinMs = 3_000;
const retryHeartbeatMs = 1_000;
/** Whom nobody may have asked for since the last heartbeat: what was missed then is noted nowhere. */
const givenUpAfterMs = nodes.deadAfterMs - nodes.heartbeatMs;
const drainTimeoutMs = 5_000;
const goodbyeMs = 3_000;

export type GatewayContext = Pick<
  Context,
  | 'nodeId'
  | 'config'
  | 'logger'
  | 'metrics'
  | 'table'
  | 'log'
  | 'heads'
  | 'pages'
  | 'pool'
  | 'people'
  | 'sessions'
  | 'rateLimit'
  | 'overload'
>;
export type Gateway = ReturnType<typeof createGateway>;

export function createGateway(ctx: GatewayContext) {
  const { config, logger, metrics, table, log, heads, pages, people, sessions } = ctx;
  const node = { nodeId: ctx.nodeId, endpoint: '' };
  const stopping = new AbortController();
  const client = createDeliveryClient({ table, secrets: config.DELIVERY_SECRETS });
  const directory = nodes.createDirectory(table);
  const rosters = createRosters(table);
  const sockets = createSockets({ table, node, perPerson: config.REALTIME_SOCKETS_PER_PERSON, logger });
  const outboxes = createOutboxes({ table, nodeId: node.nodeId, directory, client, logger });
  const presence = createPresence({
    ...{ table, nodeId: node.nodeId, heads, rosters, sockets, directory, client, outboxes, logger },
  });
  const news = createNews({ table, log, pages, people, rosters, sockets, presence, logger, metrics });
  const handshakes = createHandshakes(config);
  const connected = new Set<Connection>();
  const actions = createActions({ ...ctx, rosters, markRead, tellTyping });
  const receiver = createReceiver({
    ...{
      sessions,
      actions,
      rateLimit: ctx.rateLimit,
      overload: ctx.overload,
      logger,
      metrics,
      onAuthenticated,
    },
  });
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: frameAllowance + bytesPerUnit * config.MESSAGE_MAX_CHARS,
  });
  const deliveries = createDeliveryServer({
    nodeId: node.nodeId,
    secrets: config.DELIVERY_SECRETS,
    clock: table.clock,
    logger,
    onDelivery,
    online: (userUuids) => userUuids.filter(presence.isShown),
  });
  let heart: Promise<void> | undefined;
  /** Once the table lists this node, deliveries come: not a socket before that. */
  let isListed = false;
  metrics?.watchSockets(() => connected.size);

  function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer) {
    const status = stopping.signal.aborted || !isListed ? 503 : handshakes.refusal(req);
    if (status) return refuseUpgrade(socket, status);
    const guest = handshakes.enter(req);
    socket.once('close', () => handshakes.leave(guest));
    server.handleUpgrade(req, socket, head, (ws) => accept(ws, socket, guest));
  }

  function accept(ws: WebSocket, socket: Duplex, guest: Guest) {
    const connection = createConnection(ws, socket, {
      bufferBytes: config.REALTIME_BUFFER_BYTES,
      framesPerSecond: config.REALTIME_FRAMES_PER_SECOND,
    });
    guest.dismiss = () => connection.close(closeCodes.tooMany, 'others wait');
    connected.add(connection);
    connection.closeAfter(authenticateWithinMs, 'authenticate first');
    ws.on('message', (data, isBinary) => {
      guest.isSilent = false;
      void receiver
        .receive(connection, data, isBinary)
        .then(() => connection.session && handshakes.leave(guest));
    });
    // A frame that breaks the protocol: ws closes with the code that says so.
    ws.on('error', (err) => logger.debug({ err, connection: connection.id }, 'a socket failed'));
    ws.once('close', () => void leave(connection));
  }

  async function onAuthenticated(connection: Connection, { user }: Session) {
    await sockets.add(connection, user.uuid);
    if (!connected.has(connection)) await sockets.remove(connection, user.uuid);
    else presence.arrived(connection, user.uuid);
  }

  async function leave(connection: Connection) {
    connected.delete(connection);
    const userUuid = connection.session?.user.uuid;
    if (userUuid && (await sockets.remove(connection, userUuid))) presence.departed(userUuid);
  }

  function onDelivery({ conversations = [], events = [] }: Delivery) {
    if (logger.isLevelEnabled('debug') && conversations.length > 0)
      logger.debug({ message_uuids: uuidsOf(conversations) }, 'delivery');
    void news.takeAll(conversations);
    for (const nodeEvent of events)
      hear(nodeEvent).catch((err) =>
        logger.warn({ err, event: nodeEvent.event }, 'an event was not handed on'),
      );
  }

  /** What a node tells, this one included. */
  async function hear(nodeEvent: NodeEvent) {
    if (nodeEvent.event === 'presence') return presence.show(nodeEvent);
    if (nodeEvent.event === 'appended')
      return news.hurry(nodeEvent.entry.message_group_uuid, [nodeEvent.entry]);
    if (nodeEvent.event === 'settings') return news.showRow(nodeEvent.row);
    if (nodeEvent.event === 'sessions_ended') return endSessions(nodeEvent.user_uuid);
    const { message_group_uuid, user_uuid } = nodeEvent;
    const roster = await rosters.get(message_group_uuid, { maxAgeMs: rosterMaxAgeMs });
    if (!roster?.has(user_uuid)) return;
    if (nodeEvent.event === 'typing') {
      const frame = event('typing', { message_group_uuid, user_uuid });
      for (const userUuid of news.membersHere(roster))
        if (userUuid !== user_uuid) sockets.send(userUuid, frame);
      return;
    }
    const frame = event('message_group.read', {
      message_group_uuid,
      user_uuid,
      read_seq: nodeEvent.read_seq,
    });
    for (const userUuid of isLarge(roster) ? [user_uuid] : news.membersHere(roster))
      sockets.send(userUuid, frame);
    if (nodeEvent.row) await news.showRow(nodeEvent.row);
  }

  async function tell(nodeEvent: NodeEvent) {
    await Promise.all([hear(nodeEvent), outboxes.tell(nodeEvent)]);
  }

  const tellInBackground = (nodeEvent: NodeEvent) =>
    void tell(nodeEvent).catch((err) =>
      logger.warn({ err, event: nodeEvent.event }, 'an event was not told'),
    );

  /** Marks as read, and tells the members and the reader's other devices. Throws as `summaries.markRead` does. */
  async function markRead(input: { userUuid: string; messageGroupUuid: string; seq: number }) {
    const { receipt, ...position } = await summaries.markRead(table, input);
    void tellRead(input, receipt).catch((err) => logger.warn({ err }, 'a read position was not told'));
    return position;
  }

  async function tellRead(
    { userUuid, messageGroupUuid }: { userUuid: string; messageGroupUuid: string },
    read_seq: number | null,
  ) {
    // Who was added and has read older entries alone is behind nothing: there is nothing to tell.
    if (read_seq === null) return;
    const row = await summaries.get(table, heads, userUuid, messageGroupUuid);
    await tell({ event: 'read', message_group_uuid: messageGroupUuid, user_uuid: userUuid, read_seq, row });
  }

  /** Mutes or hides, and tells the person's devices. Throws as `settings.change` does. */
  async function changeSettings(
    input: settings.Settings & { userUuid: string; messageGroupUuid: string },
  ): Promise<summaries.Summary> {
    const changed = await settings.change(table, input);
    const row = await summaries.overlay(heads, changed);
    tellInBackground({ event: 'settings', user_uuid: input.userUuid, row });
    return changed;
  }

  /**
   * Messages that this node appended go to the sockets at once, here and on the other nodes: the stream brings them
   * again, and who has them passes them over. Changes of members are left to the stream, and what follows waits for them.
   */
  function tellAppended(written: Entry[]) {
    for (const entry of written.filter((each) => !flagsOf(each).changesGroup)) {
      news.hurry(entry.message_group_uuid, [entry]);
      outboxes
        .tellFew({ event: 'appended', user_uuid: entry.user_uuid, entry })
        .catch((err) => logger.debug({ err }, 'the stream tells it alone'));
    }
  }

  function tellTyping(message_group_uuid: string, user_uuid: string) {
    tellInBackground({ event: 'typing', message_group_uuid, user_uuid });
  }

  /** Closes the sockets whose sessions are over: all those of a person who signed out or was shut out. */
  async function endSessions(userUuid: string) {
    for (const { session } of sockets.of(userUuid)) if (session) sessions.forget(session);
    await Promise.all([...sockets.of(userUuid)].map(checkSession));
  }

  async function checkSession(connection: Connection) {
    if (!connection.session) return;
    try {
      await sessions.renew(connection.session);
    } catch (error) {
      // While Postgres is away nobody knows, and nobody is sent away.
      if (codeOf(error) === 'generic_401')
        connection.close(closeCodes.unauthenticated, 'the session has ended');
    }
  }

  async function beat() {
    let missedAt: string | undefined;
    let beatAtMs = table.clock.now();
    while (!stopping.signal.aborted) {
      let waitMs = nodes.heartbeatMs;
      try {
        const newest = await nodes.heartbeat(table, node);
        isListed = true;
        const wasGivenUp = table.clock.now() - beatAtMs > givenUpAfterMs;
        if (newest !== missedAt || wasGivenUp) {
          metrics?.missed();
          resync();
        }
        missedAt = newest;
        if (wasGivenUp) presence.reappear();
        beatAtMs = table.clock.now();
        presence.notice(await nodes.list(table));
        await sockets.renew();
        await Promise.all([...sockets.all()].map(checkSession));
      } catch (err) {
        logger.warn({ err }, 'the heartbeat failed');
        waitMs = retryHeartbeatMs;
      }
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  function resync() {
    const frame = event('resync', {});
    for (const connection of sockets.all())
      setTimeout(() => connection.send(frame), Math.random() * resyncSpreadMs);
  }

  return {
    upgrade,
    markRead,
    changeSettings,
    tellAppended,
    /** Ends the sockets of a person who signed out, on every node. */
    tellSessionsEnded: (user_uuid: string) => tellInBackground({ event: 'sessions_ended', user_uuid }),
    connections: () => connected.size,

    /** Takes deliveries from here on. Rejects where the port is taken. */
    async start() {
      if (config.DELIVERY_SECRETS.length === 0) throw new Error('DELIVERY_SECRETS is not set');
      const port = await deliveries.listen(config.DELIVERY_PORT, config.DELIVERY_HOST);
      node.endpoint = await endpointUrl(config, port);
      heart = beat();
      const deadline = performance.now() + listedWithinMs;
      while (!isListed && performance.now() < deadline) await sleep(10);
    },

    /** Answers what is under way, sends every socket away with the time to come back, and leaves. */
    async stop() {
      stopping.abort();
      presence.stop();
      await receiver.drain(drainTimeoutMs);
      for (const connection of connected) {
        const hint = `reconnect_after_ms=${Math.round(Math.random() * reconnectSpreadMs)}`;
        connection.close(closeCodes.goingAway, hint, 1_000);
      }
      const deadline = performance.now() + goodbyeMs;
      while (connected.size > 0 && performance.now() < deadline) await sleep(20);
      await heart;
      if (heart)
        await nodes.leave(table, node.nodeId).catch((err) => logger.warn({ err }, 'the node stays listed'));
      await deliveries.close();
      news.stop();
      client.close();
    },
  };
}

const uuidsOf = (conversations: ConversationNews[]) =>
  conversations.flatMap(({ entries }) => entries.map(({ message_uuid }) => message_uuid));

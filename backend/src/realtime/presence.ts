import * as summaries from '@parley/core/inbox/summaries';
import * as connections from '@parley/core/live/connections';
import type { DeliveryClient, NodeEvent } from '@parley/core/live/delivery';
import type * as nodes from '@parley/core/live/nodes';
import { largeGroupMembers } from '@parley/core/log/entries';
import type { Roster, Rosters } from '@parley/core/log/rosters';
import type { Table } from '@parley/core/table/client';
import pLimit from 'p-limit';
import type { Logger } from '../observe/logger.ts';
import type { Connection } from './connection.ts';
import { event } from './frames.ts';
import type { Outboxes } from './outboxes.ts';
import type { Sockets } from './sockets.ts';

/** Whose presence a person hears of: the people of this many of the newest conversations, at most. */
const maxConversations = 100;
const maxPeers = 500;
const rosterMaxAgeMs = 60_000;
/** A page that is loaded again does not go offline in between. */
const graceMs = 3_000;
/** Who was sent away by a node that stops is back on another one by then. */
const movingMs = 6_000;
const lookUpsInFlight = 8;

export type PresenceOptions = {
  table: Table;
  nodeId: string;
  heads: summaries.NewestEntries;
  rosters: Rosters;
  sockets: Sockets;
  directory: nodes.Directory;
  client: DeliveryClient;
  outboxes: Outboxes;
  logger: Logger;
};

export type Presence = ReturnType<typeof createPresence>;

/** Who is online, told to the people who share a conversation. It rests on nothing, and nothing rests on it. */
export function createPresence(options: PresenceOptions) {
  const { table, nodeId, heads, rosters, sockets, directory, client, outboxes, logger } = options;
  const limit = pLimit(lookUpsInFlight);
  /** Told to be online by this node, and not yet offline. */
  const shown = new Set<string>();
  const leaving = new Map<string, NodeJS.Timeout>();
  /** Who was told to be online on another node, by node: with it they go. */
  const elsewhere = new Map<string, Set<string>>();
  const farewells = new Set<NodeJS.Timeout>();
  let isStopped = false;

  const inBackground = (work: () => Promise<void>) =>
    void limit(work).catch((err) => logger.debug({ err }, 'presence was not told'));

  async function peersOf(userUuid: string): Promise<string[]> {
    const page = await summaries.list(table, heads, { userUuid, limit: maxConversations, which: 'all' });
    const peers = new Set<string>();
    for (const { kind, user_uuid, message_group_uuid } of page.summaries) {
      if (peers.size >= maxPeers) break;
      if (kind === 'direct') peers.add(user_uuid ?? '');
      else for (const peer of await smallRoster(message_group_uuid)) peers.add(peer);
    }
    peers.delete(userUuid);
    return [...peers].slice(0, maxPeers);
  }

  async function smallRoster(messageGroupUuid: string): Promise<string[]> {
    const roster = await rosters.get(messageGroupUuid, { maxAgeMs: rosterMaxAgeMs });
    return roster && roster.group.member_count <= largeGroupMembers ? roster.userUuids : [];
  }

  /** Who of these people is online anywhere. A node that does not answer counts as empty. */
  async function online(userUuids: string[]): Promise<string[]> {
    if (userUuids.length === 0) return [];
    const others = (await directory.list()).filter((node) => node.nodeId !== nodeId);
    const answers = await Promise.all(
      others.map(async (node) => {
        const found = await client.online(node, userUuids).catch(() => []);
        for (const userUuid of found) note(node.nodeId, userUuid);
        return found;
      }),
    );
    return [...new Set([...userUuids.filter(isShown), ...answers.flat()])];
  }

  function note(onNode: string, userUuid: string) {
    const people = elsewhere.get(onNode) ?? new Set();
    elsewhere.set(onNode, people.add(userUuid));
  }

  /** Who left a moment ago is online until the others are told, so that all say the same. */
  const isShown = (userUuid: string) => shown.has(userUuid) || sockets.has(userUuid);

  async function isElsewhere(userUuid: string): Promise<boolean> {
    const [places, alive] = await Promise.all([connections.places(table, userUuid), directory.list()]);
    const others = new Set(alive.map((node) => node.nodeId).filter((id) => id !== nodeId));
    return places.some((place) => others.has(place.nodeId));
  }

  async function tell(user_uuid: string, isOnline: boolean, to: string[]) {
    const news = { event: 'presence', user_uuid, online: isOnline, node: nodeId, to } as const;
    show(news);
    await outboxes.tell(news);
  }

  /** To those of them who are here. */
  function show({ user_uuid, online, node, to }: Extract<NodeEvent, { event: 'presence' }>) {
    if (!online) elsewhere.get(node)?.delete(user_uuid);
    else if (node !== nodeId && to.some(sockets.has)) note(node, user_uuid);
    const frame = event('presence', { user_uuid, online });
    for (const userUuid of to) sockets.send(userUuid, frame);
  }

  const showOnline = (connection: Connection, userUuids: string[]) => {
    for (const user_uuid of userUuids) connection.send(event('presence', { user_uuid, online: true }));
  };

  /** They are offline, unless they have come back on another node. */
  async function sayFarewell(onNode: string, people: Set<string>) {
    const present = new Set(await online([...people]));
    for (const user_uuid of people) {
      if (present.has(user_uuid)) continue;
      show({ event: 'presence', user_uuid, online: false, node: onNode, to: await peersOf(user_uuid) });
    }
  }

  return {
    show,
    isShown,

    /** The nodes that live: who was on another one is gone with it, but for those who find a new one meanwhile. */
    notice(alive: nodes.Node[]) {
      if (isStopped) return;
      const ids = new Set(alive.map((node) => node.nodeId));
      for (const [onNode, people] of elsewhere) {
        if (ids.has(onNode)) continue;
        elsewhere.delete(onNode);
        const timer = setTimeout(() => {
          farewells.delete(timer);
          inBackground(() => sayFarewell(onNode, people));
        }, movingMs);
        farewells.add(timer);
      }
    },

    /** Tells of everybody here again: the others took this node for dead. */
    reappear() {
      for (const userUuid of shown) inBackground(async () => tell(userUuid, true, await peersOf(userUuid)));
    },

    /** A socket has authenticated: it hears who is online, and the others hear of its person. */
    arrived(connection: Connection, userUuid: string) {
      clearTimeout(leaving.get(userUuid));
      leaving.delete(userUuid);
      inBackground(async () => {
        const peers = await peersOf(userUuid);
        showOnline(connection, await online(peers));
        if (shown.has(userUuid) || !sockets.has(userUuid)) return;
        shown.add(userUuid);
        if (!(await isElsewhere(userUuid))) await tell(userUuid, true, peers);
      });
    },

    /** A person's last socket on this node is gone. */
    departed(userUuid: string) {
      if (isStopped || leaving.has(userUuid)) return;
      const goOffline = async () => {
        if (sockets.has(userUuid) || !shown.delete(userUuid)) return;
        if (!(await isElsewhere(userUuid))) await tell(userUuid, false, await peersOf(userUuid));
      };
      const timer = setTimeout(() => {
        leaving.delete(userUuid);
        inBackground(goOffline);
      }, graceMs);
      leaving.set(userUuid, timer);
    },

    /** People who share a conversation from now on. */
    introduce(roster: Roster, here: string[]) {
      if (roster.group.member_count > largeGroupMembers) return;
      inBackground(async () => {
        const present = await online(roster.userUuids);
        for (const userUuid of here) {
          const others = present.filter((uuid) => uuid !== userUuid);
          for (const connection of sockets.of(userUuid)) showOnline(connection, others);
        }
      });
    },

    stop() {
      isStopped = true;
      for (const timer of [...leaving.values(), ...farewells]) clearTimeout(timer);
    },
  };
}

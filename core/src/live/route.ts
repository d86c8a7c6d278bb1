import { flagsOf } from '@parley/contract/entry-kinds';
import pLimit from 'p-limit';
import { type Entry, entryFromItem, largeGroupMembers } from '../log/entries.ts';
import { removedBy } from '../log/kinds/index.ts';
import type { Roster, Rosters } from '../log/rosters.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import { trustImageMs } from '../projections/projector.ts';
import type { Table } from '../table/client.ts';
import { entryKey } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';
import * as connections from './connections.ts';
import * as nodes from './nodes.ts';

/* Finds the nodes that must receive new entries. */

/** A node, and the people of a conversation who have sockets there. */
export type NodeOfRoute = nodes.Node & { userUuids: Set<string> | 'everybody' };
/** The delivery of one conversation. `erased`: authors whose texts were erased from entries. */
export type Route = { roster: Roster; entries: Entry[]; erased: string[]; nodes: Map<string, NodeOfRoute> };

const queriesInFlight = 16;

export function createRouter({ table, rosters }: { table: Table; rosters: Rosters }) {
  const directory = nodes.createDirectory(table);
  const limit = pLimit(queriesInFlight);

  /**
   * The routes of a batch, by conversation. Entries older than a minute are read again, or left out if they are gone.
   */
  async function route(records: EntryRecord[]): Promise<Map<string, Route>> {
    const fresh = byConversation(
      await currentEntries(
        table,
        records.filter(({ isModified }) => !isModified),
      ),
    );
    const erased = byConversation(records.filter(({ isModified }) => isModified).map(({ entry }) => entry));
    const conversations = new Set([...fresh.keys(), ...erased.keys()]);
    if (conversations.size === 0) return new Map();
    const nodesOf = nodesOfPeople();
    const everyNode = await nodes.list(table);
    const routes = new Map<string, Route>();
    await Promise.all(
      [...conversations].map(async (uuid) => {
        const entries = fresh.get(uuid) ?? [];
        // After a change of members the roster is read again, so that an added person receives the entry.
        const isChanged = entries.some((entry) => flagsOf(entry).changesGroup);
        const roster = await limit(() => rosters.get(uuid, { maxAgeMs: isChanged ? 0 : 1_000 }));
        if (!roster) return;
        const authors = new Set(erased.get(uuid)?.map(({ user_uuid }) => user_uuid));
        const isBroadcast = isLarge(roster) || everyNode.length <= nodes.broadcastMax;
        const reached = isBroadcast
          ? toEveryNode(everyNode)
          : await toNodesOf(concernedBy(roster, entries), nodesOf);
        routes.set(uuid, { roster, entries, erased: [...authors], nodes: reached });
      }),
    );
    return routes;
  }

  /** Finds the nodes of a person, once for each batch. */
  function nodesOfPeople() {
    const known = new Map<string, Promise<nodes.Node[]>>();
    return (userUuid: string) => {
      const found = known.get(userUuid) ?? limit(() => liveNodesOf(userUuid));
      known.set(userUuid, found);
      return found;
    };
  }

  /** Skips items that a dead node left behind, but not those of a node that is too new for the list. */
  async function liveNodesOf(userUuid: string): Promise<nodes.Node[]> {
    const places = await connections.places(table, userUuid);
    if (places.length === 0) return [];
    const listed = new Set((await directory.list()).map(({ nodeId }) => nodeId));
    return places.filter(({ nodeId, since }) => listed.has(nodeId) || nodes.isAlive(table, since));
  }

  return { route };
}

const toEveryNode = (everyNode: nodes.Node[]) =>
  new Map(everyNode.map((node): [string, NodeOfRoute] => [node.nodeId, { ...node, userUuids: 'everybody' }]));

async function toNodesOf(userUuids: Set<string>, nodesOf: (userUuid: string) => Promise<nodes.Node[]>) {
  const reached = new Map<string, NodeOfRoute & { userUuids: Set<string> }>();
  await Promise.all(
    [...userUuids].map(async (userUuid) => {
      for (const { nodeId, endpoint } of await nodesOf(userUuid)) {
        const node = reached.get(nodeId) ?? { nodeId, endpoint, userUuids: new Set<string>() };
        reached.set(nodeId, node);
        node.userUuids.add(userUuid);
      }
    }),
  );
  return reached;
}

/** The entries of these records. Entries older than a minute are read again, because a text may have been erased. */
async function currentEntries(table: Table, records: EntryRecord[]): Promise<Entry[]> {
  const isOld = ({ writtenAtMs }: EntryRecord) => table.clock.now() - writtenAtMs >= trustImageMs;
  const old = records.filter(isOld);
  const keys = new Map(
    old.map(({ entry }) => [
      `${entry.message_group_uuid} ${entry.seq}`,
      entryKey(entry.message_group_uuid, entry.seq),
    ]),
  );
  const read = keys.size > 0 ? (await batchGet(table, [...keys.values()])).map(entryFromItem) : [];
  return [...records.filter((record) => !isOld(record)).map(({ entry }) => entry), ...read];
}

export function byConversation<T extends { message_group_uuid: string }>(items: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.message_group_uuid);
    if (group) group.push(item);
    else groups.set(item.message_group_uuid, [item]);
  }
  return groups;
}

export const isLarge = ({ group }: Roster) => group.member_count > largeGroupMembers;

/** The members, and the people whom these entries remove: a removed person still receives that entry. */
export const concernedBy = (roster: Roster, entries: Entry[]) =>
  new Set([...roster.userUuids, ...entries.flatMap(removedBy)]);

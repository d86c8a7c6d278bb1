import { flagsOf } from '@parley/contract/entry-kinds';
import pLimit from 'p-limit';
import { type Summary, summaryFromItem } from '../inbox/summaries.ts';
import { type Entry, entryFromItem, largeGroupMembers } from '../log/entries.ts';
import { removedBy } from '../log/kinds/index.ts';
import type { Roster, Rosters } from '../log/rosters.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import { trustImageMs } from '../projections/projector.ts';
import type { Table } from '../table/client.ts';
import { entryKey, summaryKey } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';
import * as connections from './connections.ts';
import type { ConversationNews, DeliveryClient } from './delivery.ts';
import * as nodes from './nodes.ts';

/*
 * Tells the nodes of new entries, after their summaries are written.
 *
 * 1. `route` finds out who is in each conversation and on which nodes these people have sockets. It reads what was
 *    written after the entry, so nobody who connected before the entry is overlooked. Where there are few nodes, each
 *    is told of everything and looks up whom it has: that costs less than to read where everybody is.
 * 2. `send` reads the new summaries of those who are connected, unless each node does so for its own people, and makes
 *    one request to each node.
 * 3. A node that cannot be told is noted: with its next heartbeat it lets its sockets catch up. Nothing is told twice
 *    for that, and nobody else waits.
 */

export type PushOptions = {
  table: Table;
  /** Those of the projector: they are as new as its writes. */
  rosters: Rosters;
  client: DeliveryClient;
  /** Told of a node that could not be reached. */
  onMissed?: (nodeId: string, error: unknown) => void;
};

export type Push = ReturnType<typeof createPush>;

type Place = nodes.Node & { userUuids: Set<string> | 'everybody' };
type Route = { roster: Roster; entries: Entry[]; erased: string[]; places: Map<string, Place> };

const queriesInFlight = 16;
/** A node that failed is not asked again for this long: its sockets will catch up, and the others must not wait. */
const holdOffMs = 2_000;
const noteAttempts = 3;

export function createPush({ table, rosters, client, onMissed }: PushOptions) {
  const directory = nodes.createDirectory(table);
  const limit = pLimit(queriesInFlight);
  const heldOffUntilMs = new Map<string, number>();

  /** Where the entries of a batch go, by conversation. Those older than a minute are read again, or left out. */
  async function route(records: EntryRecord[]): Promise<Map<string, Route>> {
    const fresh = byConversation(await current(records.filter(({ isModified }) => !isModified)));
    const erased = byConversation(records.filter(({ isModified }) => isModified).map(({ entry }) => entry));
    const conversations = new Set([...fresh.keys(), ...erased.keys()]);
    if (conversations.size === 0) return new Map();
    const people = new Map<string, Promise<nodes.Node[]>>();
    const placesOf = (userUuid: string) => {
      const known = people.get(userUuid) ?? limit(() => livePlaces(userUuid));
      people.set(userUuid, known);
      return known;
    };
    const everyNode = await nodes.list(table);
    const areFew = everyNode.length <= nodes.few;
    const routes = new Map<string, Route>();
    await Promise.all(
      [...conversations].map(async (uuid) => {
        const entries = fresh.get(uuid) ?? [];
        // Who was added a moment ago hears of that.
        const isChanged = entries.some((entry) => flagsOf(entry).changesGroup);
        const roster = await limit(() => rosters.get(uuid, { maxAgeMs: isChanged ? 0 : 1_000 }));
        if (!roster) return;
        const places = new Map<string, Place>();
        if (isLarge(roster) || areFew) {
          for (const node of everyNode) places.set(node.nodeId, { ...node, userUuids: 'everybody' });
        } else {
          const concerned = concernedBy(roster, entries);
          await Promise.all(
            [...concerned].map(async (userUuid) => {
              for (const node of await placesOf(userUuid)) addTo(places, node, userUuid);
            }),
          );
        }
        const authors = new Set(erased.get(uuid)?.map(({ user_uuid }) => user_uuid));
        routes.set(uuid, { roster, entries, erased: [...authors], places });
      }),
    );
    return routes;
  }

  async function current(records: EntryRecord[]): Promise<Entry[]> {
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

  /** What a node that died left behind is passed over; one too new to be listed is not. */
  async function livePlaces(userUuid: string): Promise<nodes.Node[]> {
    const places = await connections.places(table, userUuid);
    if (places.length === 0) return [];
    const listed = new Set((await directory.list()).map(({ nodeId }) => nodeId));
    return places.filter(({ nodeId, since }) => listed.has(nodeId) || nodes.isAlive(table, since));
  }

  /** Sends what was routed, but for the conversations whose summaries `failed`: they come again. */
  async function send(
    routes: Map<string, Route>,
    failed: ReadonlySet<string> | ReadonlyMap<string, unknown>,
  ) {
    const ready = [...routes].filter(([uuid]) => !failed.has(uuid));
    const keys = ready.flatMap(([uuid, { roster, places }]) =>
      connectedMembers(roster, places).map((userUuid) => summaryKey(userUuid, uuid)),
    );
    const rows = (await batchGet(table, keys)).map(summaryFromItem);
    const rowsOf = byConversation(rows);
    const deliveries = new Map<string, { node: nodes.Node; conversations: ConversationNews[] }>();
    for (const [uuid, { roster, entries, erased, places }] of ready) {
      for (const { userUuids, ...node } of places.values()) {
        const delivery = deliveries.get(node.nodeId) ?? { node, conversations: [] };
        deliveries.set(node.nodeId, delivery);
        delivery.conversations.push({
          message_group_uuid: uuid,
          version: roster.group.version,
          entries,
          ...(erased.length > 0 && { erased }),
          rows:
            userUuids === 'everybody'
              ? []
              : (rowsOf.get(uuid) ?? []).filter(({ user }: Summary) => userUuids.has(user)),
          ...(userUuids === 'everybody' &&
            !isLarge(roster) && { members: [...concernedBy(roster, entries)] }),
        });
      }
    }
    await Promise.all([...deliveries.values()].map(({ node, conversations }) => tell(node, conversations)));
  }

  async function tell({ nodeId, endpoint }: nodes.Node, conversations: ConversationNews[]) {
    if (performance.now() < (heldOffUntilMs.get(nodeId) ?? 0)) return noteMissed(nodeId);
    try {
      await client.deliver({ nodeId, endpoint }, { conversations });
      heldOffUntilMs.delete(nodeId);
    } catch (error) {
      heldOffUntilMs.set(nodeId, performance.now() + holdOffMs);
      onMissed?.(nodeId, error);
      await noteMissed(nodeId);
    }
  }

  /** Rejects where the table is away: then the batch has to come again. */
  async function noteMissed(nodeId: string, attempt = 1): Promise<void> {
    try {
      await nodes.noteMissed(table, nodeId);
    } catch (error) {
      if (attempt === noteAttempts) throw error;
      return noteMissed(nodeId, attempt + 1);
    }
  }

  return { route, send };
}

function byConversation<T extends { message_group_uuid: string }>(items: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.message_group_uuid);
    if (group) group.push(item);
    else groups.set(item.message_group_uuid, [item]);
  }
  return groups;
}

export const isLarge = ({ group }: Roster) => group.member_count > largeGroupMembers;

const concernedBy = (roster: Roster, entries: Entry[]) =>
  new Set([...roster.userUuids, ...entries.flatMap(removedBy)]);

function addTo(places: Map<string, Place>, node: nodes.Node, userUuid: string) {
  const place = places.get(node.nodeId);
  if (place?.userUuids instanceof Set) place.userUuids.add(userUuid);
  else
    places.set(node.nodeId, { nodeId: node.nodeId, endpoint: node.endpoint, userUuids: new Set([userUuid]) });
}

function connectedMembers(roster: Roster, places: Map<string, Place>): string[] {
  const connected = new Set<string>();
  for (const { userUuids } of places.values()) {
    if (userUuids !== 'everybody') for (const userUuid of userUuids) connected.add(userUuid);
  }
  return [...connected].filter((userUuid) => roster.has(userUuid));
}

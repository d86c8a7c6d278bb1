import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import { createRosters } from '../log/rosters.ts';
import * as connections from './connections.ts';
import type { Node } from './nodes.ts';
import * as nodes from './nodes.ts';
import { byConversation, concernedBy, createRouter } from './route.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
let everyNode: Node[] = [];
let router: ReturnType<typeof createRouter>;
beforeAll(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
});
beforeEach(() => {
  router = createRouter({ table, rosters: createRosters(table) });
});
afterAll(() => table.drop());

const person = (): Person => ({ uuid: randomUUID(), handle: 'p', display_name: 'P' });
const nodeOf = () => ({ nodeId: randomUUID(), endpoint: 'http://127.0.0.1:9' });
const record = (entry: Entry, change: { ageMs?: number; isModified?: boolean } = {}) => ({
  entry,
  writtenAtMs: table.clock.now() - (change.ageMs ?? 0),
  sequenceNumber: String(entry.seq),
  ...(change.isModified && { isModified: true }),
});
async function startNodes(count: number) {
  for (const { nodeId } of everyNode) await nodes.leave(table, nodeId);
  everyNode = Array.from({ length: count }, nodeOf);
  for (const node of everyNode) await nodes.heartbeat(table, node);
}
const say = (sender: Person, recipient: Person, message = 'hello') =>
  messages.sendDirect(log, { sender, recipient, message });
async function routeOf(...written: Entry[]) {
  const routes = await router.route(written.map((entry) => record(entry)));
  const route = routes.get(written[0]?.message_group_uuid ?? '');
  if (!route) throw new Error('no route');
  return route;
}
/** The people by node. */
const reachedBy = ({ nodes: reached }: Awaited<ReturnType<typeof routeOf>>) =>
  new Map(
    [...reached.values()].map(({ nodeId, userUuids }) => [
      nodeId,
      userUuids === 'everybody' ? userUuids : [...userUuids].sort(),
    ]),
  );

describe('with up to eight nodes', () => {
  it('an entry is sent to every node, whoever has sockets there', async () => {
    await startNodes(nodes.broadcastMax);
    const reached = reachedBy(await routeOf(await say(person(), person())));
    expect(reached).toEqual(new Map(everyNode.map(({ nodeId }) => [nodeId, 'everybody'])));
  });

  it('entries are grouped by conversation, and the same batch has one route for each', async () => {
    const [one, other, sender] = [person(), person(), person()];
    const written = [await say(sender, one, 'a'), await say(sender, other), await say(sender, one, 'b')];
    const routes = await router.route(written.map((entry) => record(entry)));
    expect(routes.size).toBe(2);
    const texts = routes.get(written[0]?.message_group_uuid ?? '')?.entries.map(({ message }) => message);
    expect(texts).toEqual(['a', 'b']);
    expect(await router.route([])).toEqual(new Map());
  });

  it('a record of a conversation that does not exist has no route', async () => {
    const written = await say(person(), person());
    expect(await router.route([record({ ...written, message_group_uuid: randomUUID() })])).toEqual(new Map());
  });

  it('a modified entry is delivered as an erased author, without the entry', async () => {
    const [sender, recipient] = [person(), person()];
    const written = await say(sender, recipient);
    const routes = await router.route([record(written, { isModified: true })]);
    expect(routes.get(written.message_group_uuid)).toMatchObject({ entries: [], erased: [sender.uuid] });
  });

  it('an entry older than a minute is read again, and left out if the log does not hold it', async () => {
    const written = await say(person(), person(), 'as written');
    const lies = { ...written, message: 'as it was' };
    const textsOf = async (ageMs: number) => {
      const routes = await router.route([record(lies, { ageMs })]);
      return routes.get(written.message_group_uuid)?.entries.map(({ message }) => message);
    };
    expect(await textsOf(50_000)).toEqual(['as it was']);
    expect(await textsOf(60_000)).toEqual(['as written']);
    expect(await router.route([record({ ...written, seq: 9 }, { ageMs: 60_000 })])).toEqual(new Map());
  });
});

describe('with more than eight nodes', () => {
  beforeAll(() => startNodes(nodes.broadcastMax + 1));
  const node = (index: number) => everyNode[index] ?? nodeOf();

  it('an entry is sent to the nodes where its people have sockets, with their uuids', async () => {
    const [one, other, stranger] = [person(), person(), person()];
    await connections.arrive(table, one.uuid, node(0));
    for (const index of [0, 3]) await connections.arrive(table, other.uuid, node(index));
    await connections.arrive(table, stranger.uuid, node(5));
    expect(reachedBy(await routeOf(await say(one, other)))).toEqual(
      new Map([
        [node(0).nodeId, [one.uuid, other.uuid].sort()],
        [node(3).nodeId, [other.uuid]],
      ]),
    );
  });

  it('a dead node is skipped, and one that is too new for the list is not', async () => {
    const [one, other, dead, fresh] = [person(), person(), nodeOf(), nodeOf()];
    const earlier = { ...table, clock: { ...table.clock, now: () => Date.now() - 60_000 } };
    await connections.arrive(earlier, one.uuid, dead);
    await connections.arrive(table, one.uuid, fresh);
    expect(reachedBy(await routeOf(await say(one, other)))).toEqual(new Map([[fresh.nodeId, [one.uuid]]]));
  });

  it('a person who was just added or removed receives the entry that says so', async () => {
    const [admin, added] = [person(), person()];
    await connections.arrive(table, added.uuid, node(2));
    const { group } = await messageGroups.create(log, { creator: admin, title: 'tea', people: [] });
    const about = { messageGroupUuid: group.message_group_uuid, actor: admin };
    const entry = async (seq: number) => (await entries.get(table, group.message_group_uuid, seq)) as Entry;
    // The router remembers the group as it was.
    expect(reachedBy(await routeOf(await entry(1)))).toEqual(new Map());
    await messageGroups.addMembers(log, { ...about, people: [added] });
    expect(reachedBy(await routeOf(await entry(2)))).toEqual(new Map([[node(2).nodeId, [added.uuid]]]));
    await messageGroups.removeMember(log, { ...about, person: added });
    expect(reachedBy(await routeOf(await entry(3)))).toEqual(new Map([[node(2).nodeId, [added.uuid]]]));
    const after = await messages.send(log, {
      messageGroupUuid: group.message_group_uuid,
      sender: admin,
      message: 'x',
    });
    expect(reachedBy(await routeOf(after))).toEqual(new Map());
  });

  it('an entry of a conversation with more than 50 people is sent to every node', async () => {
    const people = Array.from({ length: 48 }, person);
    const admin = person();
    const { group } = await messageGroups.create(log, { creator: admin, title: 'crowd', people });
    const about = { messageGroupUuid: group.message_group_uuid, actor: admin };
    const reachedAt = async (seq: number) =>
      reachedBy(await routeOf((await entries.get(table, group.message_group_uuid, seq)) as Entry)).size;
    await messageGroups.addMembers(log, { ...about, people: [person()] });
    expect(await reachedAt(2)).toBe(0);
    await messageGroups.addMembers(log, { ...about, people: [person()] });
    expect(await reachedAt(3)).toBe(everyNode.length);
  });
});

it('items are grouped by conversation in order, and each person is named once', async () => {
  const items = ['a', 'b', 'a'].map((message_group_uuid, index) => ({ message_group_uuid, index }));
  expect([...byConversation(items)]).toEqual([
    ['a', [items[0], items[2]]],
    ['b', [items[1]]],
  ]);
  const [admin, member] = [person(), person()];
  const { group } = await messageGroups.create(log, { creator: admin, title: 'tea', people: [member] });
  const uuid = group.message_group_uuid;
  await messageGroups.removeMember(log, { messageGroupUuid: uuid, actor: admin, person: member });
  const roster = await createRosters(table).get(uuid, { maxAgeMs: 0 });
  if (!roster) throw new Error('no roster');
  const { entries: written } = await entries.range(table, uuid, { order: 'ascending' });
  expect(concernedBy(roster, written)).toEqual(new Set([admin.uuid, member.uuid]));
  expect(concernedBy(roster, written.slice(0, 1))).toEqual(new Set([admin.uuid]));
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createLog, type Log } from '../log/log.ts';
import { createRosters } from '../log/rosters.ts';
import { entryKey, nodeKey } from '../table/keys.ts';
import * as connections from './connections.ts';
import { createDeliveryClient, type Delivery } from './delivery.ts';
import * as nodes from './nodes.ts';
import { createPush } from './push.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
});
afterAll(async () => {
  for (const close of closers) await close();
  await table.drop();
});

let made = 0;
function person() {
  made += 1;
  const uuid = `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
  return { uuid, handle: `p${made}`, display_name: `P${made}` };
}

/** A node that records its deliveries. One that hangs accepts requests and never answers. */
async function node({ isHanging = false } = {}) {
  const deliveries: Delivery[] = [];
  const server: Server = createServer(async (req, res) => {
    let body = '';
    for await (const part of req) body += part;
    deliveries.push(JSON.parse(body));
    if (!isHanging) res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const nodeId = crypto.randomUUID();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await nodes.heartbeat(table, { nodeId, endpoint });
  return { nodeId, endpoint, deliveries };
}

function pushOf(timeoutMs?: number) {
  const client = createDeliveryClient({ table, secrets: ['s'], ...(timeoutMs && { timeoutMs }) });
  closers.push(client.close);
  return createPush({ table, rosters: createRosters(table), client });
}

const record = (entry: Entry, ageMs = 0) => ({
  entry,
  writtenAtMs: Date.now() - ageMs,
  sequenceNumber: String(entry.seq),
});
const say = (message: string, sender = person(), recipient = person()) =>
  messages.sendDirect(log, { sender, recipient, message });
const textsOf = ({ deliveries }: { deliveries: Delivery[] }) =>
  deliveries.flatMap(({ conversations = [] }) =>
    conversations.flatMap(({ entries }) => entries.map(({ message }) => message)),
  );

describe('a push', () => {
  it('reads entries again whose records are older than a minute, because their text may have been erased', async () => {
    const [here, sender, recipient] = [await node(), person(), person()];
    await connections.arrive(table, recipient.uuid, here);
    const old = await say('secret', sender, recipient);
    const young = await say('new', sender, recipient);
    await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: entryKey(old.message_group_uuid, old.seq),
        UpdateExpression: 'SET message = :erased',
        ExpressionAttributeValues: { ':erased': '(erased)' },
      }),
    );
    const push = pushOf();
    await push.send(await push.route([record(old, 61_000), record(young)]), new Set());
    expect(textsOf(here).sort()).toEqual(['(erased)', 'new']);
    await push.send(await push.route([record({ ...old, seq: 99 }, 61_000)]), new Set());
    expect(textsOf(here)).toHaveLength(2);
  });

  it('names people who were just added, and people who were just removed', async () => {
    const [here, admin, member, added] = [await node(), person(), person(), person()];
    const input = { creator: admin, title: 'tea', people: [member] };
    const { group } = await messageGroups.create(log, input);
    const { message_group_uuid: messageGroupUuid } = group;
    const push = pushOf();
    const tell = async (seq: number) => {
      const entry = await entries.get(table, messageGroupUuid, seq);
      if (entry) await push.send(await push.route([record(entry)]), new Set());
      const last = here.deliveries
        .at(-1)
        ?.conversations?.find((news) => news.message_group_uuid === messageGroupUuid);
      return last?.members?.toSorted();
    };
    const everybody = (...people: { uuid: string }[]) => people.map(({ uuid }) => uuid).sort();
    expect(await tell(1)).toEqual(everybody(admin, member));
    await messageGroups.addMembers(log, { messageGroupUuid, actor: admin, people: [added] });
    expect(await tell(2)).toEqual(everybody(admin, member, added));
    await messageGroups.removeMember(log, { messageGroupUuid, actor: admin, person: member });
    expect(await tell(3)).toEqual(everybody(admin, member, added));
    await messages.send(log, { sender: admin, messageGroupUuid, message: 'without them' });
    expect(await tell(4)).toEqual(everybody(admin, added));
  });

  it('is not delayed by a node that hangs: the others receive the entries, the miss is recorded, and the node is skipped for a while', async () => {
    const [healthy, hanging, sender, recipient] = [
      await node(),
      await node({ isHanging: true }),
      person(),
      person(),
    ];
    for (const place of [healthy, hanging]) await connections.arrive(table, recipient.uuid, place);
    const push = pushOf(300);
    const first = await say('first', sender, recipient);
    await push.send(await push.route([record(first)]), new Set());
    const second = await say('second', sender, recipient);
    await push.send(await push.route([record(second)]), new Set());
    expect(textsOf(healthy)).toEqual(['first', 'second']);
    expect(textsOf(hanging)).toEqual(['first']);
    const { Item } = await table.doc.send(
      new GetCommand({ TableName: table.name, Key: nodeKey(hanging.nodeId), ConsistentRead: true }),
    );
    expect(Item?.missed_at).toEqual(expect.any(String));
    expect(await nodes.heartbeat(table, healthy)).toBeUndefined();
  });
});

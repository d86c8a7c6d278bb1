import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import * as messageGroups from '@parley/core/conversations/message-groups';
import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import type { Person } from '@parley/core/log/entries';
import * as entries from '@parley/core/log/entries';
import { createLog, type Log } from '@parley/core/log/log';
import { createProjector } from '@parley/core/projections/projector';
import { clientConfig, closeTable, createTable } from '@parley/core/table/client';
import { startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { createHandler } from '../message-stream/handler.ts';
import { eventually as within } from '../testing/eventually.ts';
import { sourcesFor } from '../testing/sources.ts';
import type { EventSource } from './event-sources.ts';
import { createStreamRunner, type StreamRunner } from './stream-runner.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
let streams: DynamoDBStreamsClient;
const started: StreamRunner[] = [];

beforeAll(async () => {
  table = await createTestTable();
  streams = new DynamoDBStreamsClient(clientConfig('us-east-1', testEndpoint()));
  log = createLog(table, { batch: 'transactions', onAppend: () => started.map((runner) => runner.wake()) });
});
afterEach(async () => {
  for (const runner of started.splice(0)) await runner.stop();
});
afterAll(async () => {
  streams.destroy();
  await table.drop();
});

const logger = pino({ level: 'silent' });
const person = (name: string): Person => ({ uuid: randomUUID(), handle: name, display_name: name });
const handler = () => createHandler(createProjector(table), logger);

function startRunner(sources: EventSource[], repair = async () => {}) {
  const runner = createStreamRunner({ table, streams, sources, logger, repair });
  runner.start();
  started.push(runner);
  return runner;
}

const eventually = <T>(read: () => T | Promise<T>, isRight: (value: T) => boolean, limitMs = 10_000) =>
  within(read, isRight, limitMs);

async function unreadOf(user: Person, messageGroupUuid: string) {
  const [summary] = await summaries.getMany(table, messageGroupUuid, [user.uuid]);
  return summary ? summaries.unreadCount(summary) : undefined;
}

test('a message reaches the summaries, and a stopped runner continues at its position', async () => {
  const [one, other] = [person('one'), person('other')];
  const first = startRunner(sourcesFor(handler()));
  const { message_group_uuid } = await messages.sendDirect(log, {
    sender: one,
    recipient: other,
    message: '1',
  });
  await messages.sendDirect(log, { sender: one, recipient: other, message: '2' });
  await eventually(
    () => unreadOf(other, message_group_uuid),
    (unread) => unread === 2,
  );
  await eventually(
    async () => first.lagMs(),
    (lagMs) => lagMs === 0,
  );
  await first.stop();

  await messages.sendDirect(log, { sender: one, recipient: other, message: '3' });
  const handled: string[] = [];
  let repairs = 0;
  const watched = sourcesFor(async (event) => {
    for (const { dynamodb } of event.Records) handled.push(dynamodb?.NewImage?.message?.S ?? '');
    return handler()(event);
  });
  startRunner(watched, async () => {
    repairs += 1;
  });
  await eventually(
    () => unreadOf(other, message_group_uuid),
    (unread) => unread === 3,
  );
  expect(handled).toEqual(['3']);
  expect(repairs).toBe(0);
});

test('a position that is lost or older than 20 h is read again from the oldest record, with a repair pass', async () => {
  const [source] = sourcesFor(handler());
  if (!source) throw new Error('no source');
  const name = `aged-${randomUUID()}`;
  const seen = { records: 0, repairs: 0 };
  const counting: EventSource = {
    ...source,
    name,
    handler: async (event) => {
      seen.records += event.Records.length;
      return { batchItemFailures: [] };
    },
  };
  const repair = async () => {
    seen.repairs += 1;
  };
  const lost = startRunner([counting], repair);
  await eventually(
    async () => seen.records,
    (count) => count >= 3,
  );
  expect(seen.repairs).toBe(1);
  await lost.stop();

  const { Items = [] } = await table.doc.send(
    new QueryCommand({
      TableName: table.runnerName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': `CHECKPOINT#${name}` },
    }),
  );
  const [checkpoint] = Items;
  if (!checkpoint) throw new Error('no checkpoint was written');
  await table.doc.send(
    new UpdateCommand({
      TableName: table.runnerName,
      Key: { pk: checkpoint.pk, sk: checkpoint.sk },
      UpdateExpression: 'SET updated_at = :old',
      ExpressionAttributeValues: { ':old': new Date(Date.now() - 21 * 60 * 60_000).toISOString() },
    }),
  );
  const before = seen.records;
  startRunner([counting], repair);
  await eventually(
    async () => seen.records,
    (count) => count >= 2 * before,
  );
  expect(seen.repairs).toBe(2);
});

test('a batch that fails is retried from its first failure on, in order', async () => {
  const [one, other] = [person('one'), person('other')];
  const [source] = sourcesFor(handler());
  if (!source) throw new Error('no source');
  const seen: string[][] = [];
  const name = `flaky-${randomUUID()}`;
  const messageOf = (record: { dynamodb?: { NewImage?: Record<string, { S?: string }> } }) =>
    record.dynamodb?.NewImage?.message?.S ?? '';
  let failures = 2;
  await messages.sendDirect(log, { sender: one, recipient: other, message: 'flaky 1' });
  for (const message of ['flaky 2', 'flaky 3'])
    await messages.sendDirect(log, { sender: one, recipient: other, message });
  startRunner([
    {
      ...source,
      name,
      filter: (record) => source.filter(record) && messageOf(record as never).startsWith('flaky'),
      handler: async ({ Records }) => {
        seen.push(Records.map((record) => messageOf(record as never)));
        const bad = Records.find((record) => messageOf(record as never) === 'flaky 2');
        if (!bad || failures-- <= 0) return { batchItemFailures: [] };
        return { batchItemFailures: [{ itemIdentifier: bad.dynamodb?.SequenceNumber ?? '' }] };
      },
    },
  ]);
  await eventually(
    async () => seen.length,
    (count) => count >= 3,
  );
  expect(seen).toEqual([
    ['flaky 1', 'flaky 2', 'flaky 3'],
    ['flaky 2', 'flaky 3'],
    ['flaky 2', 'flaky 3'],
  ]);
});

test('a record that breaks its handler becomes a dead letter with its error, and the rest of the batch is done', async () => {
  const [one, other] = [person('one'), person('other')];
  const [source] = sourcesFor(handler());
  if (!source) throw new Error('no source');
  const name = `poison-${randomUUID()}`;
  const done = new Set<string>();
  for (const message of ['good 1', 'poison', 'good 2', 'good 3']) {
    await messages.sendDirect(log, { sender: one, recipient: other, message });
  }
  startRunner([
    {
      ...source,
      name,
      maxAttempts: 1,
      handler: async ({ Records }) => {
        const texts = Records.map(({ dynamodb }) => dynamodb?.NewImage?.message?.S ?? '');
        if (texts.includes('poison')) throw new Error('cannot digest this');
        for (const text of texts) done.add(text);
        return { batchItemFailures: [] };
      },
    },
  ]);
  const letters = await eventually(
    async () => {
      const { Items = [] } = await table.doc.send(
        new QueryCommand({
          TableName: table.runnerName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': `DEAD#${name}` },
        }),
      );
      return Items;
    },
    (items) => items.length > 0 && done.has('good 3'),
  );
  expect(letters).toHaveLength(1);
  expect(letters[0]?.error).toContain('cannot digest this');
  expect(JSON.parse(letters[0]?.record).dynamodb.NewImage.message.S).toBe('poison');
  expect([...done]).toEqual(expect.arrayContaining(['good 1', 'good 2', 'good 3']));
});

test("a large conversation's summaries follow in the trailing pass, and its pages show the newest entry at once", async () => {
  const creator = person('creator');
  const { group } = await messageGroups.create(log, {
    creator,
    title: 'large',
    people: Array.from({ length: 48 }, (_, index) => person(`m${index}`)),
  });
  const messageGroupUuid = group.message_group_uuid;
  const reader = person('reader');
  for (const size of [48, 4]) {
    const people = Array.from({ length: size }, (_, index) =>
      index === 0 && size === 4 ? reader : person(`x${index}`),
    );
    await messageGroups.addMembers(log, { messageGroupUuid, actor: creator, people });
  }
  startRunner(sourcesFor(handler()));
  const marker = await messages.send(log, { sender: creator, messageGroupUuid, message: 'to all' });
  expect(marker.large).toBe(true);
  await eventually(
    () => unreadOf(reader, messageGroupUuid),
    (unread) => unread === 1,
  );
  const next = await messages.send(log, { sender: creator, messageGroupUuid, message: 'again' });
  const page = await summaries.list(table, summaries.createNewestEntries(table), {
    userUuid: reader.uuid,
    limit: 20,
  });
  expect(page.summaries[0]).toMatchObject({ message: 'again', last_seq: next.seq });
  expect(page.unreadConversations).toEqual({ count: 1, isMore: false });

  const cold = createLog(table, { batch: 'statements' });
  await messageGroups.rename(cold, { messageGroupUuid, actor: creator, title: 'still large' });
  const reply = await messages.send(cold, { sender: reader, messageGroupUuid, message: 'mine' });
  await messages.send(cold, { sender: creator, messageGroupUuid, message: 'last' });
  const [own] = (
    await summaries.list(table, summaries.createNewestEntries(table), { userUuid: reader.uuid, limit: 1 })
  ).summaries;
  if (!own) throw new Error('no summary');
  expect([summaries.readPosition(own).seq, summaries.unreadCount(own)]).toEqual([reply.seq, 1]);
  const { entries: written } = await entries.range(table, messageGroupUuid, {
    order: 'descending',
    limit: 3,
  });
  expect(written.map(({ type, large }) => [type, large])).toEqual([
    ['message', true],
    ['message', true],
    ['title_changed', true],
  ]);
});

test('a table that throttles for longer than all attempts costs no summary and leaves no dead letter', async () => {
  const [one, other] = [person('one'), person('other')];
  let isThrottling = true;
  const proxy = await startFaultProxy(testEndpoint(), (operation) =>
    isThrottling && operation === 'BatchExecuteStatement' ? 'throttle' : 'pass',
  );
  const { name, runnerName } = table;
  const throttled = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
  const [source] = sourcesFor(createHandler(createProjector(throttled), logger));
  if (!source) throw new Error('no source');
  const { message_group_uuid } = await messages.sendDirect(log, {
    sender: one,
    recipient: other,
    message: 'a',
  });
  await messages.sendDirect(log, { sender: one, recipient: other, message: 'b' });
  const consumer = `throttled-${randomUUID()}`;
  startRunner([{ ...source, name: consumer, maxAttempts: 1 }]);
  await sleep(2_000);
  isThrottling = false;
  await eventually(
    () => unreadOf(other, message_group_uuid),
    (unread) => unread === 2,
  );
  const { Count } = await table.doc.send(
    new QueryCommand({
      TableName: runnerName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': `DEAD#${consumer}` },
    }),
  );
  expect(Count).toBe(0);
  for (const runner of started.splice(0)) await runner.stop();
  closeTable(throttled);
  await proxy.close();
});

test('an item that was written by hand stops nothing', async () => {
  const [one, other] = [person('one'), person('other')];
  await table.doc.send(
    new PutCommand({ TableName: table.name, Item: { pk: 'MSG#odd', sk: '2023-06-26T10:16' } }),
  );
  startRunner(sourcesFor(handler()));
  const { message_group_uuid } = await messages.sendDirect(log, {
    sender: one,
    recipient: other,
    message: 'x',
  });
  await messages.sendDirect(log, { sender: one, recipient: other, message: 'y' });
  await eventually(
    () => unreadOf(other, message_group_uuid),
    (unread) => unread === 2,
  );
});

test('waiting records are counted, read or not, and the lag is the age of the oldest', async () => {
  const [one, other] = [person('one'), person('other')];
  const [source] = sourcesFor(handler());
  if (!source) throw new Error('no source');
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { message_group_uuid } = await messages.sendDirect(log, {
    sender: one,
    recipient: other,
    message: '1',
  });
  for (const message of ['2', '3', '4', '5'])
    await messages.sendDirect(log, { sender: one, recipient: other, message });
  const runner = startRunner([
    {
      ...source,
      name: `waiting-${randomUUID()}`,
      batchSize: 2,
      filter: (record) =>
        source.filter(record) &&
        record.dynamodb?.Keys?.pk !== undefined &&
        JSON.stringify(record.dynamodb.Keys.pk).includes(message_group_uuid),
      handler: async () => {
        await released;
        return { batchItemFailures: [] };
      },
    },
  ]);
  const lag = await eventually(
    () => runner.lag(),
    ({ records_behind }) => records_behind === 5,
  );
  expect(lag).toMatchObject({ has_more: false });
  expect(lag.lag_ms).toBeGreaterThan(1_000);
  release();
  expect(
    await eventually(
      () => runner.lag(),
      ({ records_behind }) => records_behind === 0,
    ),
  ).toMatchObject({ lag_ms: 0 });
});

import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { check } from '@parley/core/audit/check';
import { repairSummaries } from '@parley/core/audit/repair';
import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import { createLog } from '@parley/core/log/log';
import { entryRecord } from '@parley/core/log/stream-records';
import { createProjector } from '@parley/core/projections/projector';
import { clientConfig, closeTable, createTable, type Table } from '@parley/core/table/client';
import { startStreamProxy } from '@parley/engines/testing/stream-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { pino } from 'pino';
import { createHandler } from '../message-stream/handler.ts';
import { eventually } from '../testing/eventually.ts';
import { sourcesFor } from '../testing/sources.ts';
import { createLargeGroup, startWriters } from '../testing/writers.ts';
import type { EventSource } from './event-sources.ts';
import { createStreamRunner, type StreamRunner } from './stream-runner.ts';

/* Several runners in one process, on a stream with several shards. */

const logger = pino({ level: 'silent' });
let table: Awaited<ReturnType<typeof createTestTable>>;
let behind: Table;
let proxy: Awaited<ReturnType<typeof startStreamProxy>>;
let streams: DynamoDBStreamsClient;
let runners: StreamRunner[] = [];
/** Entries in the order in which they were first handled, by conversation. */
let handled: Map<string, number[]>;
let repairs: number;

beforeEach(async () => {
  [table, handled, repairs] = [await createTestTable(), new Map(), 0];
  proxy = await startStreamProxy(testEndpoint(), { shards: 2 });
  const { name, runnerName } = table;
  behind = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
  streams = new DynamoDBStreamsClient(clientConfig('us-east-1', proxy.endpoint));
});
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.stop()));
  runners = [];
  streams.destroy();
  closeTable(behind);
  await proxy.close();
  await table.drop();
});

function startRunner(largeHandler?: EventSource['handler']) {
  const handle = createHandler(createProjector(behind), logger);
  const runner = createStreamRunner({
    table: behind,
    streams,
    sources: sourcesFor(async (event) => {
      note(event);
      return handle(event);
    }, largeHandler),
    logger,
    leaseMs: 900,
    repair: async () => {
      repairs += 1;
      await repairSummaries(behind, { settleMs: [0] });
    },
  });
  runner.start();
  runners.push(runner);
  return runner;
}

function note({ Records }: DynamoDBStreamEvent) {
  for (const record of Records) {
    const { entry } = entryRecord(record) ?? {};
    if (!entry) continue;
    const seqs = handled.get(entry.message_group_uuid) ?? [];
    if (!seqs.includes(entry.seq)) seqs.push(entry.seq);
    handled.set(entry.message_group_uuid, seqs);
  }
}

const held = () => runners.map((runner) => runner.shards().held);
const drained = () =>
  eventually(
    async () => (await check(table, undefined, { settleMs: [] })).suspects.conversations.length,
    (count) => count === 0,
  );
async function writeSome() {
  const writers = startWriters(table, { conversations: 4, pauseMs: 0 });
  await eventually(writers.written, (count) => count > 20);
  await writers.stop();
}
const isAscending = (seqs: number[]) =>
  seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0));

test('two runners share the shards, and a runner that stops releases its leases at once', async () => {
  const first = startRunner();
  await eventually(held, ([count]) => count === 2);
  startRunner();
  await eventually(held, ([one, other]) => one === 1 && other === 1);
  await first.stop();
  await eventually(held, ([one, other]) => one === 0 && other === 2);
});

test('shards that split under load, end, and lose their iterators leave every summary correct, in order', async () => {
  startRunner();
  startRunner();
  const writers = startWriters(table);
  await eventually(writers.written, (count) => count > 30);
  for (const shard of proxy.openShards()) {
    await proxy.split(shard);
    const written = writers.written();
    await eventually(writers.written, (count) => count > written + 20);
    proxy.expireIterators();
  }
  const [shard = ''] = proxy.openShards();
  await proxy.split(shard, 1);
  const written = writers.written();
  await eventually(writers.written, (count) => count > written + 20);
  await writers.stop();
  await drained();
  await eventually(
    () => [...handled.values()].flat().length,
    (count) => count === writers.written(),
  );
  for (const seqs of handled.values()) {
    expect(isAscending(seqs)).toBe(true);
    expect(seqs).toHaveLength(seqs.at(-1) ?? 0);
  }
  await eventually(held, (counts) => counts.reduce((sum, count) => sum + count, 0) === 4);
  expect((await check(table, undefined, { settleMs: [0] })).findings).toEqual([]);
}, 60_000);

test('a repair pass makes up for records that were trimmed before they were read', async () => {
  const first = startRunner();
  await writeSome();
  await drained();
  await first.stop();
  runners = [];
  const before = repairs;
  await writeSome();
  await proxy.trim();
  expect((await check(table, undefined, { settleMs: [0] })).findings).not.toEqual([]);
  startRunner();
  await drained();
  expect(repairs).toBeGreaterThan(before);
  await eventually(
    () => runners[0]?.lagMs(),
    (lagMs) => lagMs === 0,
  );
  expect((await check(table, undefined, { settleMs: [0] })).findings).toEqual([]);
});

test('a runner that stops during a window leaves its batch to the trailing pass of the other', async () => {
  startRunner();
  startRunner();
  await eventually(held, (counts) => counts.join() === '1,1');
  const log = createLog(table, { batch: 'transactions' });
  const { messageGroupUuid, creator, reader } = await createLargeGroup(log);
  const { seq, large } = await messages.send(log, { sender: creator, messageGroupUuid, message: 'to all' });
  expect(large).toBe(true);
  await runners[0]?.stop();
  await eventually(
    () => summaries.getMany(table, messageGroupUuid, [reader.uuid]),
    ([summary]) => summary?.last_seq === seq,
  );
  await drained();
});

test('the children of a shard begin before the trailing source is done with it, and that source gets all records', async () => {
  const seqs: number[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  startRunner(async ({ Records }) => {
    await released;
    for (const record of Records) seqs.push(entryRecord(record)?.entry.seq ?? 0);
    return { batchItemFailures: [] };
  });
  await eventually(held, ([count]) => count === 2);
  const log = createLog(table, { batch: 'transactions' });
  const { messageGroupUuid, creator } = await createLargeGroup(log);
  const send = () => messages.send(log, { sender: creator, messageGroupUuid, message: 'to all' });
  const delivered = ({ seq }: { seq: number }) =>
    eventually(
      () => handled.get(messageGroupUuid),
      (known) => known?.includes(seq) === true,
    );
  const before = await send();
  await delivered(before);
  for (const shard of proxy.openShards()) await proxy.split(shard, 1);
  const after = await send();
  await delivered(after);
  expect(seqs).toEqual([]);
  release();
  await eventually(
    () => seqs,
    () => seqs.includes(before.seq) && seqs.includes(after.seq),
  );
  await eventually(held, ([count]) => count === 2);
});

import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import { clientConfig } from '@parley/core/table/client';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { eventually } from '../testing/eventually.ts';
import { sourcesFor } from '../testing/sources.ts';
import { person } from '../testing/writers.ts';
import { holdLease } from './held-lease.ts';
import * as leases from './leases.ts';
import { consumeShard } from './shard-consumer.ts';
import { describeStream } from './shards.ts';
import { createWaiter } from './waiter.ts';

const logger = pino({ level: 'silent' });
let table: Awaited<ReturnType<typeof createTestTable>>;
let streams: DynamoDBStreamsClient;
beforeAll(async () => {
  table = await createTestTable();
  streams = new DynamoDBStreamsClient(clientConfig('us-east-1', testEndpoint()));
});
afterAll(async () => {
  streams.destroy();
  await table.drop();
});

async function write(...texts: string[]) {
  const log = createLog(table, { batch: 'transactions' });
  const [sender, recipient] = [person('one'), person('other')];
  for (const message of texts) await messages.sendDirect(log, { sender, recipient, message });
}

/** Consumes the table's shard under its lease, until it is stopped. */
async function start() {
  const { streamArn, shards } = await describeStream(table, streams);
  const shardId = shards[0]?.shardId ?? '';
  const key = { source: 'summaries', streamArn, shardId };
  const seen = await leases.get(table, key);
  const found = await leases.acquire(table, key, seen, { owner: 'me', leaseMs: 60_000 });
  if (!found) throw new Error('not acquired');
  const lease = holdLease(table, found, { acquiredAtMs: performance.now(), logger, onLost: () => {} });
  const texts: string[] = [];
  const counts = { repairs: 0 };
  const stopping = new AbortController();
  const waiter = createWaiter();
  const consumed = consumeShard(
    {
      ...{ table, streams, lease, waiter, logger, isTakenOver: false, signal: stopping.signal },
      sources: sourcesFor(async ({ Records }) => {
        for (const { dynamodb } of Records) texts.push(dynamodb?.NewImage?.message?.S ?? '');
        return { batchItemFailures: [] };
      }),
      onPending: () => {},
      onUnreachable: () => {},
      onDeadLetter: () => {},
      onPassed: () => {},
      async repair() {
        counts.repairs += 1;
      },
    },
    { streamArn, shardId, isContinued: false },
  );
  const stop = async () => {
    stopping.abort();
    waiter.wake();
    const isDone = await consumed;
    await lease.release();
    return isDone;
  };
  return { texts, counts, stop };
}

test('a shard without a checkpoint is read from its beginning with a repair, and one with a checkpoint from there without', async () => {
  await write('one', 'two');
  const first = await start();
  await eventually(
    () => first.texts,
    ({ length }) => length === 2,
  );
  expect(await first.stop()).toBe(false);
  expect(first.counts.repairs).toBeGreaterThan(0);
  await write('three');
  const second = await start();
  await eventually(
    () => second.texts,
    ({ length }) => length >= 1,
  );
  expect(await second.stop()).toBe(false);
  expect([second.texts, second.counts.repairs]).toEqual([['three'], 0]);
});

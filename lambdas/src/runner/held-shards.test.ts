import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import { clientConfig } from '@parley/core/table/client';
import { startStreamProxy } from '@parley/engines/testing/stream-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { eventually } from '../testing/eventually.ts';
import { sourcesFor } from '../testing/sources.ts';
import { person } from '../testing/writers.ts';
import { createHeldShards, type HeldShards, type HeldShardsOptions } from './held-shards.ts';
import * as leases from './leases.ts';
import { describeStream, openShards, type Shard } from './shards.ts';

const logger = pino({ level: 'silent' });
let table: Awaited<ReturnType<typeof createTestTable>>;
let proxy: Awaited<ReturnType<typeof startStreamProxy>>;
let streams: DynamoDBStreamsClient;
let runners: HeldShards[] = [];
beforeEach(async () => {
  table = await createTestTable();
  proxy = await startStreamProxy(testEndpoint(), { shards: 1 });
  streams = new DynamoDBStreamsClient(clientConfig('us-east-1', proxy.endpoint));
});
afterEach(async () => {
  for (const runner of runners) runner.endAll();
  await Promise.all(runners.map((runner) => runner.ended()));
  runners = [];
  streams.destroy();
  await proxy.close();
  await table.drop();
});

/** A runner's shards, the texts that its handler gets, and the names of the callbacks in their order. */
function startRunner(change: Partial<HeldShardsOptions> = {}) {
  const texts: string[] = [];
  const calls: string[] = [];
  const held = createHeldShards({
    ...{ table, streams, logger, owner: 'me', leaseMs: 60_000 },
    sources: sourcesFor(async ({ Records }) => {
      for (const { dynamodb } of Records) texts.push(dynamodb?.NewImage?.message?.S ?? '');
      return { batchItemFailures: [] };
    }),
    onPending: () => {},
    onUnreachable: () => void calls.push('unreachable'),
    onDeadLetter: () => void calls.push('dead letter'),
    repair: async () => {},
    onPassed: () => void calls.push('passed'),
    onEnded: () => void calls.push('ended'),
    onFinished: () => void calls.push('finished'),
    onFreed: () => void calls.push('freed'),
    ...change,
  });
  runners.push(held);
  return { held, texts, calls };
}

const say = (message: string) =>
  messages.sendDirect(createLog(table, { batch: 'transactions' }), {
    sender: person('one'),
    recipient: person('other'),
    message,
  });
const streamNow = () => describeStream(table, streams);
async function onlyShard(): Promise<Shard> {
  const [shard] = openShards(await streamNow(), { finished: new Set(), passed: new Set() });
  if (!shard) throw new Error('no shard');
  return shard;
}
const leaseOf = ({ streamArn, shardId }: Shard) =>
  leases.get(table, { source: 'summaries', streamArn, shardId });
const received = (texts: string[], count: number) =>
  eventually(
    () => texts,
    ({ length }) => length >= count,
  );
const isFree = (held: HeldShards) => eventually(held.count, (count) => count === 0);

describe('a shard that is acquired', () => {
  test('is read under a lease of its owner, and given up when it ends, without being finished', async () => {
    const { held, texts, calls } = startRunner();
    const shard = await onlyShard();
    await say('one');
    await held.acquire(shard, undefined);
    expect([held.has(shard.shardId), held.count()]).toEqual([true, 1]);
    await received(texts, 1);
    expect(await leaseOf(shard)).toMatchObject({ owner: 'me', token: 1 });
    held.endAll();
    await held.ended();
    expect([held.has(shard.shardId), held.count()]).toEqual([false, 0]);
    expect([texts, calls]).toEqual([['one'], ['ended', 'freed']]);
    expect((await leaseOf(shard))?.owner).toBeUndefined();
  });

  test('by another runner in the meantime is not read', async () => {
    const [first, second] = [startRunner(), startRunner({ owner: 'other' })];
    const shard = await onlyShard();
    await first.held.acquire(shard, undefined);
    await second.held.acquire(shard, undefined);
    expect([first.held.count(), second.held.count()]).toEqual([1, 0]);
    await say('one');
    await received(first.texts, 1);
    expect([second.texts, second.calls]).toEqual([[], []]);
  });

  test('after another runner is read from where that one was', async () => {
    const [first, second] = [startRunner(), startRunner({ owner: 'other' })];
    const shard = await onlyShard();
    await first.held.acquire(shard, undefined);
    await say('one');
    await received(first.texts, 1);
    first.held.endAll();
    await first.held.ended();
    await say('two');
    await second.held.acquire(shard, await leaseOf(shard));
    await received(second.texts, 1);
    expect([first.texts, second.texts]).toEqual([['one'], ['two']]);
  });

  test('is let go of when another runner takes its lease', async () => {
    const { held, calls } = startRunner({ leaseMs: 600 });
    const shard = await onlyShard();
    await held.acquire(shard, undefined);
    let taken: leases.Lease | undefined;
    // A renewal in between refuses it.
    while (!taken) {
      const { streamArn, shardId } = shard;
      const key = { source: 'summaries', streamArn, shardId };
      taken = await leases.acquire(table, key, await leaseOf(shard), { owner: 'other', leaseMs: 60_000 });
    }
    await isFree(held);
    expect(calls).toEqual(['ended', 'freed']);
    expect(await leaseOf(shard)).toMatchObject({ owner: 'other', token: 2 });
  });
});

test('a shard that is closed is passed, and finished when its end is stored', async () => {
  const { held, texts, calls } = startRunner();
  const shard = await onlyShard();
  await held.acquire(shard, undefined);
  await say('one');
  await received(texts, 1);
  await proxy.split(shard.shardId);
  await isFree(held);
  expect(calls).toEqual(['passed', 'ended', 'finished', 'freed']);
  const lease = await leaseOf(shard);
  expect([lease?.owner, lease?.checkpoint?.isFinished]).toEqual([undefined, true]);
});

test('an unexpected error is reported, and the shard is read again under the same lease', async () => {
  let failures = 0;
  const { held, texts, calls } = startRunner({
    onPending: () => {
      failures += 1;
      if (failures <= 2) throw new Error('a bug');
    },
  });
  const shard = await onlyShard();
  await held.acquire(shard, undefined);
  await eventually(
    () => calls,
    ({ length }) => length === 2,
  );
  expect(calls).toEqual(['unreachable', 'unreachable']);
  await say('one');
  await received(texts, 1);
  expect(calls).not.toContain('ended');
  expect(await leaseOf(shard)).toMatchObject({ owner: 'me', token: 1 });
});

test('a runner that is stopped does not wait out the pause after an error', async () => {
  const { held, calls } = startRunner({
    onPending: () => {
      throw new Error('a bug');
    },
  });
  const shard = await onlyShard();
  await held.acquire(shard, undefined);
  // The next pause takes three seconds.
  await eventually(
    () => calls.length,
    (count) => count >= 7,
  );
  const stoppedAtMs = performance.now();
  held.endAll();
  await held.ended();
  expect(performance.now() - stoppedAtMs).toBeLessThan(1_500);
  expect(calls.slice(-2)).toEqual(['ended', 'freed']);
});

test('a shard that the stream lists no more is let go of, and one that it lists is kept', async () => {
  const { held } = startRunner();
  const shard = await onlyShard();
  const stream = await streamNow();
  const others = { ...stream, shards: stream.shards.map((each) => ({ ...each, shardId: 'another' })) };
  for (const gone of [others, { ...stream, shards: [] }, { ...stream, streamArn: 'arn:of:another' }]) {
    await held.acquire(shard, await leaseOf(shard));
    held.dropGone(stream);
    await say('one');
    expect(held.count()).toBe(1);
    held.dropGone(gone);
    await isFree(held);
  }
});

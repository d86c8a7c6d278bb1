import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as messages from '@parley/core/conversations/messages';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import { createLog } from '@parley/core/log/log';
import { clientConfig, closeTable, createTable } from '@parley/core/table/client';
import { checkpointKey } from '@parley/core/table/keys';
import { startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import type { DynamoDBRecord } from 'aws-lambda';
import { pino } from 'pino';
import { eventually } from '../testing/eventually.ts';
import { sourcesFor } from '../testing/sources.ts';
import { person } from '../testing/writers.ts';
import type { EventSource } from './event-sources.ts';
import * as leases from './leases.ts';
import { describeStream } from './shards.ts';
import { createStreamRunner } from './stream-runner.ts';

/* What a runner takes over from the previous one, and how event sources share one shard, with real leases. */

const logger = pino({ level: 'silent' });
const leaseMs = 300;
let table: Awaited<ReturnType<typeof createTestTable>>;
let closers: (() => Promise<void> | void)[];
beforeEach(async () => {
  [table, closers] = [await createTestTable(), []];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await table.drop();
});

const textOf = ({ dynamodb }: DynamoDBRecord) => dynamodb?.NewImage?.message?.S ?? '';
const none = { batchItemFailures: [] };
type Deliver = (texts: string[], runner: Runner) => Promise<void>;

/** An event source whose handler passes the texts of its records to `deliver`. */
function sourceOf(
  deliver: (texts: string[]) => Promise<void>,
  changes: Partial<EventSource> = {},
): EventSource {
  const [source] = sourcesFor(async ({ Records }) => {
    await deliver(Records.map(textOf));
    return none;
  });
  if (!source) throw new Error('no source');
  return { ...source, ...changes };
}

type Runner = Awaited<ReturnType<typeof startRunner>>;

/** A runner that can die like a killed process: it makes no more requests, and its handler never ends. */
async function startRunner(sourcesOf: (runner: Runner) => EventSource[]) {
  let isDead = false;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const proxy = await startFaultProxy(testEndpoint(), () => (isDead ? 'fail' : 'pass'));
  const { name, runnerName } = table;
  const behind = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
  const streams = new DynamoDBStreamsClient(clientConfig('us-east-1', proxy.endpoint));
  const self = {
    vanish() {
      isDead = true;
    },
    async die(): Promise<void> {
      self.vanish();
      await released;
      throw new Error('dead');
    },
    shards: () => runner.shards(),
    lag: () => runner.lag(),
    stop: () => runner.stop(),
  };
  const options = { table: behind, streams, logger, leaseMs, repair: async () => {} };
  const runner = createStreamRunner({ ...options, sources: sourcesOf(self) });
  runner.start();
  closers.push(async () => {
    release();
    await runner.stop();
    streams.destroy();
    closeTable(behind);
    await proxy.close();
  });
  return self;
}

const startOne = (deliver: Deliver, changes: Partial<EventSource> = {}) =>
  startRunner((runner) => [sourceOf((texts) => deliver(texts, runner), changes)]);

async function write(...texts: string[]) {
  const log = createLog(table, { batch: 'transactions' });
  const [sender, recipient] = [person('one'), person('other')];
  for (const message of texts) await messages.sendDirect(log, { sender, recipient, message });
}

async function letters() {
  const found: deadLetters.StoredLetter[] = [];
  for (const consumer of deadLetters.consumers)
    for await (const letter of deadLetters.list(table, consumer)) found.push(letter);
  return found;
}

async function stored() {
  const [lease] = await leases.list(table, 'summaries', await streamArn());
  return lease;
}

async function streamArn() {
  const streams = new DynamoDBStreamsClient(clientConfig('us-east-1', testEndpoint()));
  const stream = await describeStream(table, streams);
  streams.destroy();
  return stream.streamArn;
}

test('after a runner dies, the next one continues the count of attempts, and the shard moves on', async () => {
  const maxAttempts = 6;
  const tries: string[] = [];
  const done: string[] = [];
  const attempts = () => tries.filter((text) => text === 'bad');
  const digest: Deliver = async (texts, runner) => {
    if (texts.includes('bad')) {
      if (texts.length === 1) tries.push('bad');
      if (attempts().length === 3) await runner.die();
      throw new Error('cannot digest this');
    }
    done.push(...texts);
  };
  await write('first', 'bad', 'second');
  await startOne(digest, { maxAttempts });
  await eventually(attempts, ({ length }) => length === 3);
  expect((await stored())?.checkpoint?.progress?.summaries?.trials).toMatchObject([
    { records: 1, attempts: 3 },
  ]);
  const second = await startOne(digest, { maxAttempts });
  await eventually(letters, ({ length }) => length === 1);
  await write('third');
  await eventually(
    () => done,
    (texts) => texts.includes('third'),
  );
  expect(await letters()).toMatchObject([
    { attempts: maxAttempts, error: expect.stringContaining('digest') },
  ]);
  expect(attempts()).toHaveLength(maxAttempts);
  expect(new Set(done)).toEqual(new Set(['first', 'second', 'third']));
  expect(second.shards().held).toBe(1);
  await eventually(stored, (lease) => lease?.checkpoint?.progress?.summaries?.trials.length === 0);
}, 60_000);

test('a record that kills every runner is isolated by halving its batch, and becomes a dead letter', async () => {
  const done: string[] = [];
  let deaths = 0;
  const digest: Deliver = async (texts, runner) => {
    if (!texts.includes('deadly')) {
      done.push(...texts);
      return;
    }
    deaths += 1;
    await runner.die();
  };
  await write('1', '2', 'deadly', '4', '5', '6');
  for (let runners = 1; runners <= 6; runners += 1) {
    await startOne(digest, { maxAttempts: 2 });
    await eventually(
      async () => deaths === runners || (await letters()).length > 0,
      (hasEnded) => hasEnded,
    );
    if ((await letters()).length > 0) break;
  }
  expect(await letters()).toMatchObject([
    { attempts: 2, error: expect.stringContaining('the runner died'), record: { dynamodb: {} } },
  ]);
  await write('7');
  await eventually(
    () => done,
    (texts) => texts.includes('7'),
  );
  expect(new Set(done)).toEqual(new Set(['1', '2', '4', '5', '6', '7']));
}, 60_000);

test('faults of the table under several runners do not count as attempts', async () => {
  // A runner may die during an attempt, which then counts: three at most. The twelve faults do not count.
  const maxAttempts = 4;
  let faults = 0;
  const done: string[] = [];
  const digest: Deliver = async (texts) => {
    if (faults < 12) {
      faults += 1;
      throw Object.assign(new Error('too much'), { name: 'ThrottlingException', $metadata: {} });
    }
    done.push(...texts);
  };
  await write('healthy');
  for (const untilFaults of [3, 6, 9]) {
    const runner = await startOne(digest, { maxAttempts });
    await eventually(
      () => faults,
      (count) => count >= untilFaults,
    );
    runner.vanish();
  }
  await startOne(digest, { maxAttempts });
  await eventually(
    () => done,
    (texts) => texts.includes('healthy'),
  );
  expect(await letters()).toEqual([]);
}, 60_000);

test('a slow trailing source holds a bounded number of records, delays no other source, and loses nothing', async () => {
  const seen: string[] = [];
  const slow: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const texts = Array.from({ length: 30 }, (_, index) => String(index));
  const runner = await startRunner(() => [
    sourceOf(async (some) => void seen.push(...some)),
    sourceOf(
      async (some) => {
        await released;
        slow.push(...some);
      },
      { name: 'large-summaries', batchSize: 4, windowMs: 50 },
    ),
  ]);
  for (const text of texts) await write(text);
  await eventually(
    () => seen,
    ({ length }) => length === texts.length,
  );
  expect(slow).toEqual([]);
  const { records_behind } = await eventually(
    () => runner.lag(),
    ({ records_behind }) => records_behind === texts.length,
  );
  expect(records_behind).toBe(texts.length);
  const checkpoint = (await eventually(stored, (lease) => lease?.checkpoint?.progress !== undefined))
    ?.checkpoint;
  expect(checkpoint?.sequenceNumber).toBe(checkpoint?.progress?.['large-summaries']?.doneTo);
  release();
  await eventually(
    () => slow,
    ({ length }) => length === texts.length,
  );
  expect(slow).toEqual(texts);
  expect(seen).toEqual(texts);
  await write('last');
  await eventually(
    () => slow,
    ({ length }) => length === texts.length + 1,
  );
}, 60_000);

test('a runner that takes over repeats for each source only the records that are not done', async () => {
  const seen: string[] = [];
  const large: string[] = [];
  const sources = (windowMs: number) => () => [
    sourceOf(async (some) => void seen.push(...some)),
    sourceOf(async (some) => void large.push(...some), { name: 'large-summaries', windowMs }),
  ];
  await write('1', '2', '3');
  const first = await startRunner(sources(60_000));
  await eventually(
    () => seen,
    ({ length }) => length === 3,
  );
  await first.stop();
  await startRunner(sources(50));
  await eventually(
    () => large,
    ({ length }) => length === 3,
  );
  await write('4');
  await eventually(
    () => large,
    ({ length }) => length === 4,
  );
  expect([seen, large]).toEqual([
    ['1', '2', '3', '4'],
    ['1', '2', '3', '4'],
  ]);
});

test('a shard with one lease for each source, from an earlier version, continues from the position of each', async () => {
  const seen: [string, string][] = [];
  const large: [string, string][] = [];
  const note = (into: [string, string][]) => (record: DynamoDBRecord) =>
    into.push([textOf(record), record.dynamodb?.SequenceNumber ?? '']);
  const noting = (into: [string, string][], changes: Partial<EventSource> = {}): EventSource => ({
    ...sourceOf(async () => {}, changes),
    handler: async ({ Records }) => {
      Records.forEach(note(into));
      return none;
    },
  });
  const sources = () => [noting(seen), noting(large, { name: 'large-summaries', windowMs: 20 })];
  await write('1', '2', '3', '4');
  const first = await startRunner(sources);
  await eventually(
    () => large,
    ({ length }) => length === 4,
  );
  await first.stop();
  const { shardId = '' } = (await stored()) ?? {};
  for (const [source, at] of [
    ['summaries', 2],
    ['large-summaries', 1],
  ] as const)
    await table.doc.send(
      new PutCommand({
        TableName: table.runnerName,
        Item: {
          ...checkpointKey(source, await streamArn(), shardId),
          lease_token: 5,
          lease_counter: 9,
          lease_ms: leaseMs,
          sequence_number: seen[at]?.[1],
          is_finished: false,
          updated_at: new Date().toISOString(),
        },
      }),
    );
  for (const list of [seen, large]) list.length = 0;
  await startRunner(sources);
  await eventually(
    () => [...seen, ...large],
    ({ length }) => length >= 3,
  );
  expect([seen, large].map((list) => list.map(([text]) => text))).toEqual([['4'], ['3', '4']]);
});

test('an unexpected error does not end the runner: the shard is read again', async () => {
  const seen: string[] = [];
  let surprises = 0;
  const filter: EventSource['filter'] = () => {
    surprises += 1;
    if (surprises === 3) throw new Error('unforeseen');
    return true;
  };
  const source = sourceOf(async (texts) => void seen.push(...texts), { filter });
  const runner = await startRunner(() => [source, { ...source, name: 'large-summaries' }]);
  await write('1', '2', '3');
  await eventually(
    () => seen,
    (texts) => ['1', '2', '3'].every((text) => texts.includes(text)),
  );
  expect(surprises).toBeGreaterThan(3);
  expect(runner.shards()).toEqual({ held: 1, open: 1 });
});

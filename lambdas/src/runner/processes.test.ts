import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { check } from '@parley/core/audit/check';
import * as summaries from '@parley/core/inbox/summaries';
import { checkpointsPk } from '@parley/core/table/keys';
import { scanPages } from '@parley/core/table/read';
import { startStreamProxy } from '@parley/engines/testing/stream-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { eventually } from '../testing/eventually.ts';
import { ended, startRunnerProcess } from '../testing/runner-process.ts';
import { startWriters } from '../testing/writers.ts';
import type { Progress } from './leases.ts';

/* Two processes of the stream runner share four shards; one is killed, one is paused for longer than its leases. */

const leaseMs = 1_500;
let table: Awaited<ReturnType<typeof createTestTable>>;
let proxy: Awaited<ReturnType<typeof startStreamProxy>>;
const processes: ChildProcess[] = [];
let output = '';

beforeAll(async () => {
  table = await createTestTable();
  proxy = await startStreamProxy(testEndpoint());
});
afterAll(async () => {
  await Promise.all(processes.map((child) => ended(child, 'SIGKILL')));
  await proxy.close();
  await table.drop();
});

async function startProcess() {
  const { child } = await startRunnerProcess(table, proxy.endpoint, { RUNNER_LEASE_MS: String(leaseMs) });
  processes.push(child);
  child.stdout?.on('data', (data) => {
    output += data;
  });
  return child;
}

async function leaseItems() {
  const { Items = [] } = await table.doc.send(
    new QueryCommand({
      TableName: table.runnerName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': checkpointsPk('summaries') },
      ConsistentRead: true,
    }),
  );
  return Items;
}

/** The number of leases that each runner holds, by its id. */
async function shares() {
  const counts: Record<string, number> = {};
  for (const { lease_owner: owner } of await leaseItems())
    if (owner) counts[owner] = (counts[owner] ?? 0) + 1;
  return counts;
}

/** Reads all positions repeatedly, and records each that moved back. */
function watchPositions() {
  const seen = new Map<string, bigint>();
  const back: string[] = [];
  let isStopping = false;
  const move = (name: string, position: bigint) => {
    if (position < (seen.get(name) ?? 0n)) back.push(`${name}: ${seen.get(name)} to ${position}`);
    seen.set(name, position);
  };
  const watching = (async () => {
    while (!isStopping) {
      for (const { pk, sk, sequence_number, source_progress = {}, lease_token } of await leaseItems()) {
        move(`${pk} ${sk}`, BigInt(sequence_number ?? 0));
        for (const [source, { doneTo }] of Object.entries<Progress>(source_progress))
          move(`${pk} ${sk} ${source}`, BigInt(doneTo ?? 0));
        move(`${pk} ${sk} token`, BigInt(lease_token));
      }
      for await (const page of scanPages(table))
        for (const item of page) {
          if (!String(item.pk).startsWith('GRP#')) continue;
          const { last_seq, sent_seq, user, message_group_uuid } = summaries.summaryFromItem(item);
          move(`${user} ${message_group_uuid} last`, BigInt(last_seq));
          move(`${user} ${message_group_uuid} sent`, BigInt(sent_seq));
        }
      await sleep(30);
    }
  })();
  return {
    async stop() {
      isStopping = true;
      await watching;
      return { back, watched: seen.size };
    },
  };
}

const even = (counts: Record<string, number>) => Object.values(counts).join() === '2,2';

test('a runner whose parent dies before it has started ends', async () => {
  const child = await startProcess();
  child.disconnect();
  await eventually(
    async () => child.exitCode,
    (code) => code === 0,
    40_000,
  );
}, 60_000);

test('the shards of a killed runner are taken over within 10 s, and a runner that was paused moves no position back', async () => {
  const [first, second] = [await startProcess(), await startProcess()];
  const writers = startWriters(table, { pauseMs: 30 });
  const positions = watchPositions();
  await eventually(shares, even, 40_000);
  expect(output).toMatch(/"service":"stream-runner".*"msg":"lease acquired"/);

  const before = await shares();
  first.kill('SIGKILL');
  const killedAtMs = performance.now();
  const [survivor] = Object.keys(
    await eventually(shares, (counts) => Object.values(counts).includes(4), 10_000),
  );
  expect(performance.now() - killedAtMs).toBeLessThan(10_000);
  expect(Object.keys(before)).toContain(survivor);

  const third = await startProcess();
  await eventually(shares, even, 40_000);
  second.kill('SIGSTOP');
  await eventually(shares, (counts) => Object.values(counts).includes(4) && !(String(survivor) in counts));
  await sleep(leaseMs);
  second.kill('SIGCONT');
  await eventually(shares, (counts) => even(counts) && String(survivor) in counts);
  const written = writers.written();
  await eventually(writers.written, (count) => count > written + 20);
  await writers.stop();

  const lagging = async () => (await check(table, undefined, { settleMs: [] })).suspects.conversations.length;
  await eventually(lagging, (count) => count === 0);
  const { back, watched } = await positions.stop();
  expect(back).toEqual([]);
  expect(watched).toBeGreaterThan(40);
  expect((await check(table, undefined, { settleMs: [0] })).findings).toEqual([]);

  await Promise.all([second, third].map((child) => ended(child, 'SIGTERM')));
  expect(await shares()).toEqual({});
}, 120_000);

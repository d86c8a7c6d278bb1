import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as messages from '@parley/core/conversations/messages';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import * as summaries from '@parley/core/inbox/summaries';
import { type Entry, entryItem } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import { startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { eventually } from '../testing/eventually.ts';
import { ended, type RunnerProcess, startRunnerProcess } from '../testing/runner-process.ts';
import { createLargeGroup } from '../testing/writers.ts';

/* A real runner whose stream is unreachable, so its functions handle only what bin/ddb/dead-letters redrives. */

const root = new URL('../../../', import.meta.url).pathname;
let table: Awaited<ReturnType<typeof createTestTable>>;
let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
let runner: RunnerProcess;
beforeAll(async () => {
  table = await createTestTable();
  proxy = await startFaultProxy(testEndpoint(), (operation) =>
    operation === 'GetShardIterator' ? 'throttle' : 'pass',
  );
  runner = await startRunnerProcess(table, proxy.endpoint, { DRIFT_SAMPLE_SECONDS: '0' });
});
afterAll(async () => {
  await ended(runner.child, 'SIGKILL');
  await proxy.close();
  await table.drop();
});

async function bury(consumer: string, entry: Entry) {
  const NewImage = marshall(entryItem(entry), { removeUndefinedValues: true });
  const SequenceNumber = String(entry.seq);
  const Keys = { pk: NewImage.pk, sk: NewImage.sk };
  const ApproximateCreationDateTime = Date.now() / 1_000;
  const dynamodb = { ApproximateCreationDateTime, Keys, NewImage, SequenceNumber };
  const record = { eventName: 'INSERT', dynamodb };
  const why = { error: 'Error: at the time', condition: 'RetryAttemptsExhausted', attempts: 8 } as const;
  await deadLetters.put(table, { consumer, shardId: 'shardId-1', record, ...why });
}

test('redriven records reach the handler of their source, which updates the summaries', async () => {
  const log = createLog(table, { batch: 'transactions' });
  const { messageGroupUuid, creator, reader } = await createLargeGroup(log);
  const large = await messages.send(log, { sender: creator, messageGroupUuid, message: 'to all' });
  await messages.sendDirect(log, { sender: creator, recipient: reader, message: 'first' });
  const small = await messages.sendDirect(log, { sender: creator, recipient: reader, message: 'second' });
  expect(large.large).toBe(true);
  await bury('large-summaries', large);
  await bury('summaries', small);

  await eventually(
    () =>
      fetch(`http://127.0.0.1:${runner.port}/status`).then(
        (answer) => answer.ok,
        () => false,
      ),
    (isUp) => isUp,
  );
  const { stdout } = await promisify(execFile)('bin/ddb/dead-letters', ['redrive', '--all'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      DATA_DIR: '/nowhere',
      AWS_ENDPOINT_URL_DYNAMODB: testEndpoint(),
      DDB_MESSAGE_TABLE: table.name,
      DDB_RUNNER_TABLE: table.runnerName,
      RUNNER_PORT: String(runner.port),
    },
  });
  expect(stdout).toBe('2 redriven, 0 failed again.\n');
  const [ofGroup] = await summaries.getMany(table, messageGroupUuid, [reader.uuid]);
  expect(ofGroup).toMatchObject({ last_seq: large.seq, message: 'to all' });
  const [ofTwo] = await summaries.getMany(table, small.message_group_uuid, [reader.uuid]);
  expect(ofTwo).toMatchObject({ last_seq: 2, message: 'second' });
  for (const consumer of deadLetters.consumers)
    for await (const letter of deadLetters.list(table, consumer)) throw new Error(`${letter.id} is left`);
}, 60_000);

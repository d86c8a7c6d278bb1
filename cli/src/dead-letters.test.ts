import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import * as messages from '@parley/core/conversations/messages';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import { entryItem } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import * as users from '@parley/core/people/users';
import { startS3Server } from '@parley/engines/testing/s3-server';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { createEndpoint } from '@parley/lambdas/runner/endpoint';
import { pino } from 'pino';
import { runScript } from './testing/scripts.ts';

/* Fake functions record which events reach them, and the tests check what happens to the letter. */

const bucket = 'letters';
const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:parley-message-stream';
type Event = { Records: { dynamodb: { SequenceNumber: string } }[] };
let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let s3: Awaited<ReturnType<typeof startS3Server>>;
let runnerPort: string;
let invoked: string[];
/** Sequence numbers of failing records. */
let bad: Set<string>;

const play = (name: string) => async (event: Event) => {
  const numbers = event.Records.map(({ dynamodb }) => dynamodb.SequenceNumber);
  invoked.push(`${name} ${numbers.join()}`);
  if (numbers.includes('throws')) throw new Error('still failing');
  const failed = numbers.filter((number) => bad.has(number));
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
const app = createEndpoint({
  functions: Object.fromEntries(
    ['message-stream', 'message-stream-large', functionArn].map((name) => [name, play(name)]),
  ),
  status: () => {
    throw new Error('not called');
  },
  wake: () => {},
  logger: pino({ level: 'silent' }),
});
const server = createServer(app);

beforeAll(async () => {
  [table, database, s3] = await Promise.all([createTestTable(), createTestDatabase(), startS3Server(bucket)]);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  runnerPort = String(address.port);
});
afterAll(async () => {
  server.close().closeAllConnections();
  await Promise.all([s3.close(), table.drop(), database.close()]);
});
beforeEach(() => {
  [invoked, bad] = [[], new Set()];
});

const run = (args: string[], env: Record<string, string> = {}) =>
  runScript({ table, database }, ['ddb/dead-letters', ...args], { env: { RUNNER_PORT: runnerPort, ...env } });
const fromBucket = (args: string[]) =>
  run(args, { DEAD_LETTER_BUCKET: bucket, AWS_ENDPOINT_URL_S3: s3.endpoint });
const rowsOf = (lines: string) =>
  lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const record = (SequenceNumber: string) => ({
  eventName: 'INSERT',
  dynamodb: { SequenceNumber, NewImage: { message: { S: `text of ${SequenceNumber}` } } },
});
const put = (consumer: string, sequenceNumber: string) =>
  deadLetters.put(table, {
    consumer,
    shardId: 'shardId-1',
    record: record(sequenceNumber),
    error: 'Error: cannot digest this\n    at somewhere',
    condition: 'RetryAttemptsExhausted',
    attempts: 8,
  });

test('letters are listed, shown, redriven to the function of their consumer, and removed on success', async () => {
  await put('summaries', '11');
  await put('large-summaries', '12');
  const [table, json] = await Promise.all([run(['list']), run(['--json'])]);
  expect(table.stdout).toMatch(/summaries\/shardId-1#11 .*message-stream .*cannot digest this$/m);
  expect(table.stderr).toBe('2 dead letters\n');
  expect(rowsOf(json.stdout)).toMatchObject([
    { id: 'summaries/shardId-1#11', function: 'message-stream', records: 1, attempts: 8 },
    { id: 'large-summaries/shardId-1#12', function: 'message-stream-large' },
  ]);
  const shown = JSON.parse((await run(['show', 'summaries/shardId-1#11'])).stdout);
  expect(shown).toMatchObject({
    error: expect.stringContaining('at somewhere'),
    event: { Records: [{ dynamodb: { NewImage: { message: { S: 'text of 11' } } } }] },
  });
  expect(await run(['redrive', '--all'])).toMatchObject({ code: 0, stdout: '2 redriven, 0 failed again.\n' });
  expect(invoked.sort()).toEqual(['message-stream 11', 'message-stream-large 12']);
  expect(await run(['redrive', '--all'])).toMatchObject({ code: 0, stdout: '0 redriven, 0 failed again.\n' });
});

test('a letter whose record fails again stays, with the error printed, until it is purged', async () => {
  await put('summaries', 'throws');
  await put('summaries', '21');
  bad.add('21');
  const again = await run(['redrive', 'summaries/shardId-1#throws', 'summaries/shardId-1#21']);
  expect(again).toMatchObject({ code: 1, stdout: '0 redriven, 2 failed again.\n' });
  expect(again.stderr).toContain('throws: still failing');
  expect(again.stderr).toContain('21: reported by the handler');
  bad.clear();
  expect((await run(['redrive', 'summaries/shardId-1#21'])).stdout).toBe('1 redriven, 0 failed again.\n');
  expect((await run(['purge', '--all', '--yes'])).stdout).toBe('1 purged.\n');
  expect((await run([])).stderr).toBe('0 dead letters\n');
});

test('a letter stored again during its redrive stays', async () => {
  await put('summaries', '31');
  const read = await deadLetters.get(table, 'summaries/shardId-1#31');
  if (!read) throw new Error('no letter');
  await new Promise((resolve) => setTimeout(resolve, 5));
  await put('summaries', '31');
  await deadLetters.remove(table, read);
  expect(await deadLetters.get(table, 'summaries/shardId-1#31')).toBeDefined();
  await run(['purge', '--all', '--yes']);
});

test('a wrong command line is reported in one line', async () => {
  const [unknown, none, nobody, away] = await Promise.all([
    run(['frobnicate']),
    run(['redrive']),
    run(['show', 'summaries/shardId-1#99']),
    run(['purge', '--all'], { AWS_ENDPOINT_URL_DYNAMODB: '' }),
  ]);
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Unknown command.*\n$/) });
  expect(none).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Give the ids of dead letters.*\n$/),
  });
  expect(nobody).toMatchObject({ code: 2, stderr: 'There is no dead letter summaries/shardId-1#99.\n' });
  expect(away).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --yes') });
  expect((await run(['--help'])).stdout).toContain('redrive ID...');
});

/** A document like those that Lambda writes to S3, with the event as a string. */
function failedInvocation(records: unknown[]) {
  const at = '2026-11-19T00:38:06.021Z';
  return JSON.stringify({
    requestContext: {
      requestId: randomUUID(),
      functionArn,
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 3,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: at,
    DDBStreamBatchInfo: { shardId: 'shardId-1', batchSize: records.length, streamArn: 'arn:stream' },
    payload: JSON.stringify({ Records: records }),
  });
}

const keyOf = (name: string) => `aws/lambda/${randomUUID()}/shardId-1/2026/11/19/2026-11-19T00.38.06-${name}`;

test('on AWS the letters are the objects of the on-failure destination', async () => {
  const [one, two, three] = [keyOf('one'), keyOf('two'), keyOf('three')] as [string, string, string];
  s3.put(one, failedInvocation([record('41')]));
  s3.put(two, failedInvocation(['42', '43', '44'].map(record)));
  s3.put(three, failedInvocation([record('45')]));
  s3.put('something/else', 'not a letter');
  bad.add('43');
  expect(rowsOf((await fromBucket(['--json'])).stdout)).toHaveLength(3);
  expect(rowsOf((await fromBucket(['--json', '--limit', '1'])).stdout)).toMatchObject([
    { attempts: 3, function: 'parley-message-stream', error: 'Unhandled' },
  ]);
  const redriven = await fromBucket(['redrive', '--all']);
  expect(redriven).toMatchObject({ code: 1, stdout: '2 redriven, 1 failed again.\n' });
  expect(redriven.stderr).toContain(`${two} stays: 1 of 3 records fail\n  43: reported by the handler`);
  expect(invoked).toEqual(
    expect.arrayContaining([`${functionArn} 41`, `${functionArn} 42`, `${functionArn} 44`]),
  );
  bad.clear();
  expect((await fromBucket(['redrive', two])).stdout).toBe('1 redriven, 0 failed again.\n');
  expect(s3.keys()).toEqual(['something/else']);
  expect((await fromBucket(['show', two])).stderr).toBe(`There is no dead letter ${two}.\n`);
});

test('bin/erase-person removes the person from letters in the bucket, which can still be redriven', async () => {
  const people = await users.insertPeople(database.pool, [{ handle: 'zoe' }, { handle: 'ada' }]);
  const [zoe, ada] = ['zoe', 'ada'].map((handle) => people.get(handle)) as [users.Person, users.Person];
  const log = createLog(table, { batch: 'transactions' });
  const entry = await messages.sendDirect(log, { sender: zoe, recipient: ada, message: 'zanzibar' });
  const NewImage = marshall(entryItem(entry), { removeUndefinedValues: true });
  const key = keyOf('zoe');
  const said = { eventName: 'INSERT', dynamodb: { SequenceNumber: '51', NewImage } };
  s3.put(key, failedInvocation([said, record('52')]));
  const erased = await runScript({ table, database }, ['erase-person', 'zoe', '--yes'], {
    env: { DEAD_LETTER_BUCKET: bucket, AWS_ENDPOINT_URL_S3: s3.endpoint },
    killOn: /One more pass in/,
  });
  expect(erased.stdout).toContain('hidden from everybody');
  expect(s3.everything().join()).not.toMatch(/zanzibar|zoe"/);
  expect((await fromBucket(['redrive', key])).stdout).toBe('1 redriven, 0 failed again.\n');
  expect(invoked).toEqual([`${functionArn} 51,52`]);
}, 30_000);

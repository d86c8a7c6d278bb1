import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { follow } from '@parley/backend/testing/follow';
import * as messageGroups from '@parley/core/conversations/message-groups';
import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import { largeGroupMembers } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import * as users from '@parley/core/people/users';
import { entryKey } from '@parley/core/table/keys';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { noteSecret, noteText } from '@parley/engines/testing/suite-log';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { consumers } from '@parley/lambdas/consumers/all';
import { type Bundle, type BundleName, buildBundles, bundleNames, hashOf } from './bundles.ts';
import { runBare } from './testing/bare-node.ts';
import { anonymousTls, startTlsFront } from './testing/tls-front.ts';

let work: string;
let built: Record<BundleName, Bundle>;
let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'bundles-'));
  [built, table, database] = await Promise.all([
    buildBundles(join(work, 'one')),
    createTestTable(),
    createTestDatabase(),
  ]);
});
afterAll(async () => {
  await Promise.all([table.drop(), database.close(), rm(work, { recursive: true })]);
});

const streamEnv = () => ({
  AWS_ENDPOINT_URL_DYNAMODB: testEndpoint(),
  DDB_MESSAGE_TABLE: table.name,
  DELIVERY_SECRETS: 'for-this-test',
  LOG_LEVEL: 'debug',
});
const recorded = await readFile(new URL('./testing/stream-event.json', import.meta.url), 'utf8');
noteText('as the stream told it');
const one = { uuid: '11111111-1111-4111-8111-111111111111', handle: 'one', display_name: 'One' };
const other = { uuid: '22222222-2222-4222-8222-222222222222', handle: 'other', display_name: 'Other' };

test('the same sources give the same bytes', async () => {
  const again = await buildBundles(join(work, 'two'));
  for (const name of bundleNames) expect([name, again[name].sha256]).toEqual([name, built[name].sha256]);
});

test('a new migration changes the bundle, so that a deployment runs it', async () => {
  await writeFile(join(built.migrate.dir, 'migrations/9999_more.sql'), 'select 1;');
  expect(await hashOf(built.migrate.dir)).not.toBe(built.migrate.sha256);
  await rm(join(built.migrate.dir, 'migrations/9999_more.sql'));
  expect(await hashOf(built.migrate.dir)).toBe(built.migrate.sha256);
});

test('bundles that people wait for are small, and each bundle has its source map', async () => {
  for (const name of ['message-stream', 'post-confirmation', 'pre-sign-up'] as const)
    expect(built[name].bytes).toBeLessThan(2 ** 20);
  for (const { dir } of Object.values(built)) {
    const { sources } = JSON.parse(await readFile(join(dir, 'index.mjs.map'), 'utf8'));
    expect(sources).toContainEqual(expect.stringMatching(/^\.\.\/\.\.\/\.\.\/lambdas\/src\/.*index\.ts$/));
  }
});

test('message-stream, alone in a bare process, updates summaries from a recorded event', async () => {
  const log = createLog(table, { batch: 'statements' });
  await messages.sendDirect(log, { sender: one, recipient: other, message: 'first' });
  const newest = await messages.sendDirect(log, {
    sender: one,
    recipient: other,
    message: 'told to nobody else',
  });
  const event = JSON.parse(recorded.replaceAll('CONVERSATION', newest.message_group_uuid));
  const { answer, error, lines } = await runBare({
    dir: built['message-stream'].dir,
    event,
    env: streamEnv(),
  });
  expect({ answer, error }).toEqual({ answer: { batchItemFailures: [] }, error: undefined });
  const [summary] = await summaries.getMany(table, newest.message_group_uuid, [other.uuid]);
  // The event is older than the log, so the summary has the text of the log.
  expect(summary).toMatchObject({ message: 'told to nobody else', last_seq: 2, message_count: 2 });
  const metrics = lines.map((line) => JSON.parse(line)).filter((line) => line._aws);
  expect(metrics).toContainEqual(
    expect.objectContaining({ service: 'message-stream', Records: 1, FailedRecords: 0 }),
  );
  expect(lines.join()).not.toContain('told');
  const batch = lines.filter((line) => line.includes('4f0a7c1e-58c5-4b8e-9a55-d41f06a3a001'));
  expect(batch).toHaveLength(1);
  const shown = follow(batch);
  if (shown) expect(shown).toEqual([[expect.any(String), 'message-stream', 'stream batch', null, null]]);
});

test('message-stream leaves large conversations to its second handler, which updates their summaries', async () => {
  const log = createLog(table, { batch: 'statements' });
  const person = () => ({ ...other, uuid: randomUUID() });
  const people = Array.from({ length: largeGroupMembers }, person);
  const some = people.slice(0, 40);
  const { group } = await messageGroups.create(log, { creator: one, title: 'all', people: some });
  const messageGroupUuid = group.message_group_uuid;
  await messageGroups.addMembers(log, { messageGroupUuid, actor: one, people });
  const { seq } = await messages.send(log, { sender: one, messageGroupUuid, message: 'hello, all' });
  const event = JSON.parse(
    recorded
      .replaceAll('CONVERSATION', messageGroupUuid)
      .replaceAll('000000000002', entryKey(messageGroupUuid, seq).sk),
  );
  Object.assign(event.Records[0].dynamodb.NewImage, { large: { BOOL: true }, message_count: { N: '1' } });
  const uuids = people.map(({ uuid }) => uuid);
  const shown = async () =>
    (await summaries.getMany(table, messageGroupUuid, uuids)).map((it) => it?.message);
  const before = await shown();
  const run = { dir: built['message-stream'].dir, event, env: streamEnv() };
  expect((await runBare({ ...run, handler: 'handler' })).answer).toEqual({ batchItemFailures: [] });
  expect(await shown()).toEqual(before);
  expect((await runBare({ ...run, handler: 'largeHandler' })).answer).toEqual({ batchItemFailures: [] });
  expect(before).not.toContain('hello, all');
  expect(await shown()).toEqual(uuids.map(() => 'hello, all'));
});

test('message-stream returns records that it has no time for', async () => {
  const log = createLog(table, { batch: 'statements' });
  const recipient = { ...other, uuid: '33333333-3333-4333-8333-333333333333' };
  await messages.sendDirect(log, { sender: one, recipient, message: 'first' });
  const { message_group_uuid: uuid } = await messages.sendDirect(log, {
    sender: one,
    recipient,
    message: 'late',
  });
  const event = JSON.parse(recorded.replaceAll('CONVERSATION', uuid));
  const run = { dir: built['message-stream'].dir, event, env: streamEnv() };
  const { answer } = await runBare({ ...run, remainingMs: 0 });
  const { SequenceNumber: itemIdentifier } = event.Records[0].dynamodb;
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier }] });
  expect((await runBare(run)).answer).toEqual({ batchItemFailures: [] });
});

test('drift recounts conversations of the table on schedule', async () => {
  const event = JSON.parse(
    await readFile(new URL('./testing/scheduled-event.json', import.meta.url), 'utf8'),
  );
  const run = { dir: built.drift.dir, event, env: streamEnv(), remainingMs: 240_000 };
  const { answer, lines } = await runBare(run);
  expect(answer).toEqual({ samples: expect.any(Number), found: 0, differing: 0 });
  expect(answer).not.toMatchObject({ samples: 0 });
  const line = lines.map((text) => JSON.parse(text)).find(({ _aws }) => _aws);
  // The alarm reads this metric.
  expect(line).toMatchObject({ DriftingConversations: 0, service: 'drift' });
  expect(line._aws.CloudWatchMetrics).toMatchObject([{ Namespace: 'Parley', Dimensions: [['service']] }]);
});

test('both handlers of message-stream skip an event of an older table', async () => {
  const shared = new URL('../../../shared/data/aws-stream-event.json', import.meta.url);
  const captured = await readFile(shared, 'utf8').catch(() => recorded);
  const event = JSON.parse(captured.replaceAll('CONVERSATION', 'of an older layout'));
  for (const handler of ['handler', 'largeHandler', ...consumers.map(({ name }) => `handlers.${name}`)]) {
    const { answer } = await runBare({ dir: built['message-stream'].dir, handler, event, env: streamEnv() });
    expect(answer).toEqual({ batchItemFailures: [] });
  }
});

test('message-stream reads the delivery secrets from Secrets Manager', async () => {
  const asked: string[] = [];
  const secretsManager = await secretsManagerWith('new,old', asked);
  const { answer, error } = await runBare({
    dir: built['message-stream'].dir,
    event: { Records: [] },
    env: {
      ...streamEnv(),
      DELIVERY_SECRETS: '',
      DELIVERY_SECRETS_ARN: 'arn:secret',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    },
  });
  await secretsManager.close();
  expect({ answer, error }).toEqual({ answer: { batchItemFailures: [] }, error: undefined });
  // Read once for the container, and not again for each invocation.
  expect(asked).toEqual(['arn:secret']);
});

/** An event from Cognito. */
const signUp = {
  version: '1',
  region: 'us-east-1',
  userPoolId: 'us-east-1_example',
  userName: '7c1ab5a2-6a2b-4a5a-9c3c-5b7d0f1c2e3d',
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'client' },
  triggerSource: 'PostConfirmation_ConfirmSignUp',
  request: {
    userAttributes: {
      sub: '7c1ab5a2-6a2b-4a5a-9c3c-5b7d0f1c2e3d',
      preferred_username: 'bundled',
      email: 'b@example.com',
    },
  },
  response: {},
};

test('post-confirmation, alone in a bare process, creates the person of a confirmed sign-up', async () => {
  const { answer } = await runBare({
    dir: built['post-confirmation'].dir,
    event: signUp,
    env: { DATABASE_URL: database.url },
  });
  expect(answer).toEqual(signUp);
  expect(await users.findBySub(database.pool, signUp.userName)).toMatchObject({ handle: 'bundled' });
});

test('pre-sign-up refuses a taken handle, and accepts sign-ups while Postgres does not answer', async () => {
  const event = { ...signUp, triggerSource: 'PreSignUp_SignUp' };
  await users.insertPeople(database.pool, [{ handle: 'Bundled' }]);
  const run = { dir: built['pre-sign-up'].dir, event, env: { DATABASE_URL: database.url } };
  const { error, errorLines } = await runBare(run);
  expect(error).toContain('handle_taken');
  expect(errorLines).toEqual([]);
  const proxy = await createDatabaseProxy(database.url);
  proxy.freeze();
  const { answer, tookMs } = await runBare({ ...run, env: { DATABASE_URL: proxy.url } });
  await proxy.close();
  expect(answer).toEqual(event);
  expect(tookMs).toBeLessThan(4_000);
});

test("post-confirmation reports that Postgres does not answer before Cognito's timeout", async () => {
  const proxy = await createDatabaseProxy(database.url);
  proxy.freezeAt('insert into users');
  const run = { dir: built['post-confirmation'].dir, event: signUp, env: { DATABASE_URL: proxy.url } };
  const { error, tookMs, errorLines } = await runBare(run);
  await proxy.close();
  expect(error).toContain('Query read timeout');
  expect(tookMs).toBeLessThan(4_000);
  expect(errorLines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'ERROR', message: 'invocation failed' },
  ]);
});

test('migrate logs in as the owner of the schema, and never sends the password without TLS', async () => {
  const owner = { username: 'owner', password: 'of-the-owner-of-these-tests' };
  noteSecret(owner.password);
  const secretsManager = await secretsManagerWith(JSON.stringify(owner), []);
  const { error } = await runBare({
    dir: built.migrate.dir,
    event: {},
    env: {
      DATABASE_URL: database.url,
      DATABASE_OWNER_ARN: 'arn:owner',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    },
  });
  await secretsManager.close();
  expect(error).toContain('does not support SSL');
  expect(await readFile(join(built.migrate.dir, 'migrations/0001_users.sql'), 'utf8')).toContain(
    'create table users',
  );
});

test('migrate, alone in a bare process, creates the schema and grants the application access', async () => {
  await database.pool.query('drop schema public cascade; create schema public');
  const front = await startTlsFront(database.url);
  const { username, password } = front.url;
  const secretsManager = await secretsManagerWith(JSON.stringify({ username, password }), []);
  front.url.username = `bundled_${process.pid}`;
  const { answer, error } = await runBare({
    dir: built.migrate.dir,
    event: {},
    env: {
      ...anonymousTls,
      DATABASE_URL: front.url.href,
      DATABASE_OWNER_ARN: 'arn:owner',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    },
  });
  await Promise.all([front.close(), secretsManager.close()]);
  const files = await readdir(join(built.migrate.dir, 'migrations'));
  expect({ answer, error }).toEqual({ answer: { applied: files.map((file) => parse(file).name).sort() } });
  const role = front.url.username;
  const { rows } = await database.pool.query(`select has_table_privilege($1, 'users', 'insert') as may`, [
    role,
  ]);
  expect(rows).toEqual([{ may: true }]);
  await database.pool.query(`drop owned by ${role}; drop role ${role}`);
});

/** Answers GetSecretValue like Secrets Manager. */
async function secretsManagerWith(SecretString: string, asked: string[]) {
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const part of req) body += part;
    asked.push(JSON.parse(body).SecretId);
    res.setHeader('Content-Type', 'application/x-amz-json-1.1');
    res.end(JSON.stringify({ ARN: 'arn', Name: 'secret', SecretString }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

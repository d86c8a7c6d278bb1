import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExecuteStatementCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as messageGroups from '@parley/core/conversations/message-groups';
import * as messages from '@parley/core/conversations/messages';
import { conversationUuid } from '@parley/core/conversations/uuids';
import { createLog } from '@parley/core/log/log';
import * as users from '@parley/core/people/users';
import { startPlainPostgres, tlsRequest } from '@parley/engines/testing/plain-postgres';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { runScript } from './testing/scripts.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let ada: users.Person;
let bob: users.Person;
let direct: string;
let group: string;

beforeAll(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  const people = await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'bob' }]);
  [ada, bob] = ['ada', 'bob'].map((handle) => people.get(handle)) as [users.Person, users.Person];
  const log = createLog(table, { batch: 'transactions' });
  for (const text of ['one', 'two', 'three'])
    await messages.sendDirect(log, { sender: ada, recipient: bob, message: text, idempotencyKey: text });
  direct = conversationUuid(ada.uuid, bob.uuid);
  const created = await messageGroups.create(log, { creator: ada, title: 'tea', people: [bob] });
  group = created.group.message_group_uuid;
});
afterAll(() => Promise.all([table.drop(), database.close()]));

const run = (args: string[], options: Parameters<typeof runScript>[2] = {}) =>
  runScript({ table, database }, args, options);
const select = (columns: string) =>
  `SELECT ${columns} FROM "${table.name}" WHERE pk = 'MSG#${direct}' AND sk BETWEEN '0' AND 'A'`;
const rowsOf = (lines: string) =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('scripts log in to Postgres with a signed token if configured, and never send one without TLS', async () => {
  const server = await startPlainPostgres();
  const env = { DATABASE_AUTH: 'iam', DATABASE_URL: server.url };
  const ended = await Promise.all([
    run(['check'], { env }),
    run(['cognito/disable-user', 'ada', '--yes'], { env }),
  ]);
  server.close();
  for (const { stderr } of ended) expect(stderr).toContain('does not support SSL');
  expect(new Set(server.received)).toEqual(new Set([tlsRequest]));
});

test('bin/ddb/partiql runs a statement from an argument or standard input', async () => {
  const [asTable, asJson] = await Promise.all([
    run(['ddb/partiql', select('sk, message')]),
    run(['ddb/partiql', '--json', '--limit', '2'], { input: `${select('message')};\n` }),
  ]);
  expect(asTable.stdout).toBe(
    'sk            message\n000000000001  one\n000000000002  two\n000000000003  three\n',
  );
  expect(asTable.stderr).toMatch(/^3 rows, 1 request, [\d.]+ capacity units?\n$/);
  expect(rowsOf(asJson.stdout)).toEqual([{ message: 'one' }, { message: 'two' }]);
  expect(asJson.stderr).toContain('2 rows (there are more: --limit)');
});

test('bin/ddb/partiql prints one line about an error', async () => {
  const [wrong, none, unknown, cloud] = await Promise.all([
    run(['ddb/partiql', 'SELECT nonsense']),
    run(['ddb/partiql']),
    run(['ddb/partiql', '--lmit', '2']),
    run(['ddb/partiql', `DELETE FROM "${table.name}" WHERE pk = 'a' AND sk = 'b'`], {
      env: { AWS_ENDPOINT_URL_DYNAMODB: '' },
    }),
  ]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/^ValidationException: .*\n$/) });
  expect(none).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Give a statement as an argument.*\n$/),
  });
  expect(unknown).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Unknown option '--lmit'.*\. See --help\.\n$/),
  });
  expect(cloud).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --yes') });
});

test('the patterns accept handles and uuids, and print the consumed units', async () => {
  const [byHandle, byUuid, ofTwo, ofGroup, ofNobody] = await Promise.all([
    run(['ddb/patterns/list-conversations', '@ADA', '--json']),
    run(['ddb/patterns/list-conversations', ada.uuid, '--json', '--limit', '1']),
    run(['ddb/patterns/get-conversation', 'ada', bob.uuid, '--after-seq', '1', '--json']),
    run(['ddb/patterns/get-conversation', group]),
    run(['ddb/patterns/list-conversations', 'nobody']),
  ]);
  expect(rowsOf(byHandle.stdout).map(({ uuid, name }) => [uuid, name])).toEqual([
    [group, 'tea'],
    [direct, 'bob'],
  ]);
  expect(byHandle.stderr).toContain('2 conversations of ada');
  expect(byHandle.stderr).toMatch(/, 1 request, 0\.5 capacity units\n$/);
  expect(rowsOf(byUuid.stdout)).toHaveLength(1);
  expect(rowsOf(ofTwo.stdout).map(({ seq, message }) => [seq, message])).toEqual([
    [2, 'two'],
    [3, 'three'],
  ]);
  expect(ofGroup.stdout).toContain('group_created');
  expect(ofNobody).toMatchObject({ code: 2, stderr: 'Nobody has the handle or uuid nobody.\n' });
});

test('bin/ddb/scan shows items of either table', async () => {
  const [items, runner] = await Promise.all([
    run(['ddb/scan', '--json', '--limit', '2']),
    run(['ddb/scan', '--runner']),
  ]);
  expect(rowsOf(items.stdout)).toHaveLength(2);
  expect(runner).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/^0 items, 1 request/) });
});

test('tables are created, listed and dropped, and tables on AWS are not dropped without --yes', async () => {
  const names = { DDB_MESSAGE_TABLE: `${table.name}-2`, DDB_RUNNER_TABLE: `${table.name}-3` };
  for (const _ of [1, 2]) expect((await run(['ddb/schema-load'], { env: names })).code).toBe(0);
  const { stdout } = await run(['ddb/list-tables']);
  expect(stdout).toMatch(new RegExp(`^${table.name}-2 +ACTIVE +0 .*inbox +NEW_AND_OLD_IMAGES$`, 'm'));
  const cloud = await run(['ddb/drop'], { env: { ...names, AWS_ENDPOINT_URL_DYNAMODB: '' } });
  expect(cloud).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect((await run(['ddb/drop', '--yes'], { env: names })).stdout).toContain(`Dropped ${table.name}-3.`);
  expect((await run(['ddb/drop', '--yes'], { env: names })).stdout).toContain(
    `${table.name}-3 did not exist.`,
  );
});

test('every script has a help text', async () => {
  const names = ['check', 'import', 'ddb/drop', 'ddb/scan', 'ddb/partiql', 'ddb/patterns/get-conversation'];
  for (const { code, stdout } of await Promise.all(names.map((name) => run([name, '--help'])))) {
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(20);
  }
});

const documented = readFileSync('docs/statements.sql', 'utf8')
  .replace(/^--.*$/gm, '')
  .split(/(?=^(?:SELECT|DELETE))/m)
  .map((statement) => statement.replace(/\s+/g, ' ').trim())
  .filter(Boolean);

test.each(documented)('docs/statements.sql: %s', async (statement) => {
  const Statement = statement
    .replace('parley-messages', table.name)
    .replace('parley-runner', table.runnerName)
    .replaceAll('<c>', direct)
    .replaceAll('<u>', ada.uuid)
    .replaceAll('<key>', 'two');
  const { Items = [] } = await table.doc.send(new ExecuteStatementCommand({ Statement }));
  if (/BETWEEN '0' AND 'A' AND idempotency_key/.test(statement))
    expect(Items).toMatchObject([{ sk: '000000000002' }]);
});

test('the scripts of the sign-in print one line if nothing answers', async () => {
  const nowhere = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nowhere',
    COGNITO_USER_POOL_ID: 'us-east-1_Nowhere',
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:9',
  };
  for (const script of [['disable-user', 'ada'], ['list-users'], ['sync-users']]) {
    const [name, ...args] = script;
    const { code, stderr } = await runScript({ table, database }, [`cognito/${name}`, ...args], {
      env: nowhere,
    });
    expect([name, code, stderr]).toEqual([
      name,
      2,
      'Nothing answers at 127.0.0.1:9. Is Parley running (bin/start)?\n',
    ]);
  }
}, 60_000);

test('an engine that lacks an operation is reported in one line', async () => {
  const engine = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{"__type":"com.amazonaws.dynamodb.v20120810#UnknownOperationException"}');
  });
  await new Promise<void>((listening) => engine.listen(0, '127.0.0.1', listening));
  const env = { AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${(engine.address() as AddressInfo).port}` };
  for (const args of [['ddb/schema-load'], ['ddb/partiql', 'SELECT * FROM x'], ['check']])
    expect([args, await run(args, { env })]).toEqual([
      args,
      {
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^The DynamoDB API of .* lacks an operation .*\n$/),
      },
    ]);
  engine.close();
}, 60_000);

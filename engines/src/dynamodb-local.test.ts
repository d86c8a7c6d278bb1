import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import getPort from 'get-port';
import {
  createPlace,
  inboxOf,
  logOf,
  ready,
  running,
  sendOn,
  signIn,
  start,
} from '../../dev/src/testing/started-system.ts';
import { startDynamodbLocal } from './dynamodb-local.ts';
import { isRunning, readPidFile } from './processes.ts';

/* bin/start on DynamoDB Local. bin/test --dynamodb-local names its jar. */

const jar = process.env.TEST_DYNAMODB_LOCAL_JAR;
const withJar = jar ? test : test.skip;

let dir: string;
let env: NodeJS.ProcessEnv;
let close: () => void;

beforeAll(async () => {
  ({ dir, env, close } = await createPlace({ DYNAMODB_LOCAL_JAR: jar }));
});
afterAll(() => close());

/** Waits until a person's row shows an entry. */
async function rowReaches(email: string, seq: number) {
  while ((await inboxOf(env, email))[0]?.last_seq !== seq) await sleep(100);
}

withJar(
  'a message passes its stream, and a kill -9 and a restart lose nothing acknowledged',
  async () => {
    const first = start(env);
    await ready(first);
    expect(first.output()).toContain(`Conversations  DynamoDB Local (${jar})`);
    const headers = await signIn(env, 'maya@example.com');
    const writer = sendOn(env, headers);
    while (writer.acknowledged.length < 5) await sleep(20);
    const server = readPidFile(join(dir, 'pids/dynamodb-local-server.pid'));
    if (!server) throw new Error('no server runs');
    process.kill(server.pid, 'SIGKILL');
    while (!first.output().includes('dynamodb-local is running again.')) await sleep(20);
    const before = writer.acknowledged.length;
    while (writer.acknowledged.length < before + 5) await sleep(20);
    await writer.stop();
    await rowReaches('tomas@example.com', 100 + writer.acknowledged.length);
    const processes = running(dir);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(processes.some(isRunning)).toBe(false);

    const second = start(env);
    await ready(second);
    const log = await logOf(env, writer.acknowledged[0]?.message_group_uuid ?? '', headers);
    expect(log.map(({ uuid }) => uuid).slice(100)).toEqual(writer.acknowledged.map(({ uuid }) => uuid));

    second.child.kill('SIGTERM');
    await second.exited;
    const other = start({ ...env, DYNAMODB_LOCAL_JAR: '' });
    expect(await other.exited).toBe(1);
    expect(other.output()).toContain(`${dir} holds conversations of dynamodb-local`);
  },
  240_000,
);

withJar('a jar that does not start says so in one line', async () => {
  const broken = join(dir, 'missing/DynamoDBLocal.jar');
  expect(existsSync(broken)).toBe(false);
  const starting = startDynamodbLocal({ port: await getPort(), jar: broken });
  await expect(starting).rejects.toThrow(
    /^DynamoDB Local ended during its start: .*Unable to access jarfile/,
  );
});

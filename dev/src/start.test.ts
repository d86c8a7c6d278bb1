import { createPrivateKey } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, SignJWT } from 'jose';
import { isRunning, readPidFile } from '../../engines/src/processes.ts';
import { pageAnswers } from '../../engines/src/testing/page-answers.ts';
import {
  createPlace,
  inboxOf,
  logOf,
  ready,
  running,
  sendOn,
  signIn,
  start,
} from './testing/started-system.ts';

const timeoutMs = 120_000;
const ports = [
  'RUNNER_PORT',
  'DYNOXIDE_PORT',
  'PGLITE_PORT',
  'COGNITO_PORT',
  'DELIVERY_PORT',
  'METRICS_PORT',
];

let dir: string;
let env: NodeJS.ProcessEnv;
let close: () => void;

beforeAll(async () => {
  ({ dir, env, close } = await createPlace());
});
afterAll(() => close());

/** The same claims, signed with the key that cognito-local publishes. */
function forge(token: string) {
  const require = createRequire(createRequire(import.meta.url).resolve('cognito-local'));
  const key = createPrivateKey(require('./keys/cognitoLocal.private.json').pem);
  return new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'RS256', kid: 'CognitoLocal' }).sign(key);
}

/** A process, with the names of its pid file and in the messages of bin/start. */
const parts: [pidFile: string, name: string][] = [
  ['backend', 'backend'],
  ['runner', 'runner'],
  ['cognito', 'cognito'],
  ['pglite', 'pglite'],
  ['dynoxide', 'dynoxide'],
  ['dynoxide-server', 'dynoxide'],
];

describe('bin/start', () => {
  it(
    'runs the system, refuses a second one, and stops without leaving a process behind',
    async () => {
      const first = start(env);
      await ready(first);
      expect(first.output()).toContain('The confirmation code of every sign-up is 123456.');
      expect((await fetch(`http://127.0.0.1:${env.PORT}/api/ready`)).status).toBe(200);
      // Rows are written by the stream.
      let inbox = await inboxOf(env, 'maya@example.com');
      for (let waits = 0; waits < 100 && inbox[0]?.last_seq !== 100; waits += 1) {
        await sleep(100);
        inbox = await inboxOf(env, 'maya@example.com');
      }
      expect(inbox).toHaveLength(8);
      expect(inbox[0]).toMatchObject({ display_name: 'Tomas Okafor', last_seq: 100 });
      expect(inbox).toContainEqual(expect.objectContaining({ display_name: 'Corner garden' }));
      const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
      const open = names.filter((name) => (statSync(join(dir, name)).mode & 0o077) !== 0);
      expect([names.length > 50, open]).toEqual([true, []]);
      for (const name of ports) expect([name, await pageAnswers(Number(env[name]))]).toEqual([name, []]);
      const headers = await signIn(env, 'maya@example.com');
      const statusOf = async (token: string) => {
        const answer = await fetch(`http://127.0.0.1:${env.PORT}/api/profile`, {
          headers: { Authorization: `Bearer ${token}` },
        });
        return answer.status;
      };
      const token = headers.Authorization.replace('Bearer ', '');
      expect([await statusOf(token), await statusOf(await forge(token))]).toEqual([200, 401]);
      const processes = running(dir);
      expect(processes).toHaveLength(6);
      expect(processes.every(isRunning)).toBe(true);

      const second = start(env);
      expect(await second.exited).toBe(1);
      expect(second.output()).toBe(
        `bin/start: Parley is running on ${dir} already (process ${first.child.pid}).\n`,
      );

      first.child.kill('SIGTERM');
      expect(await first.exited).toBe(0);
      expect(processes.some(isRunning)).toBe(false);
      expect(['lock', 'env'].filter((name) => existsSync(join(dir, name)))).toEqual([]);
    },
    timeoutMs,
  );

  it(
    'leaves no process behind when it is killed, and starts again with its data',
    async () => {
      const first = start(env);
      await ready(first);
      const processes = running(dir);
      first.child.kill('SIGKILL');
      await first.exited;
      while (processes.some(isRunning)) await sleep(50);

      const second = start(env);
      await ready(second);
      second.child.kill('SIGTERM');
      expect(await second.exited).toBe(0);
      expect(running(dir)).toEqual([]);
    },
    timeoutMs,
  );

  it(
    'restarts each killed process, and loses nothing acknowledged',
    async () => {
      const run = start(env);
      await ready(run);
      const headers = await signIn(env, 'maya@example.com');
      const writer = sendOn(env, headers);
      for (const [index, [pidFile, name]] of parts.entries()) {
        const victim = readPidFile(join(dir, 'pids', `${pidFile}.pid`));
        const restartCount = () => run.output().split(`${name} is running again.`).length - 1;
        const before = restartCount();
        if (!victim) throw new Error(`${pidFile} is not running`);
        process.kill(victim.pid, 'SIGKILL');
        while (restartCount() === before) await sleep(20);
        const acknowledged = writer.acknowledged.length;
        while (writer.acknowledged.length < acknowledged + 3) await sleep(20);
        expect([index, run.output()]).toEqual([
          index,
          expect.stringContaining(`${name} ended unexpectedly (`),
        ]);
      }
      await writer.stop();
      const log = await logOf(env, writer.acknowledged[0]?.message_group_uuid ?? '', headers);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      for (const entry of writer.acknowledged) expect(log[entry.seq - 1]?.uuid).toBe(entry.uuid);
      expect(new Set(writer.acknowledged.map(({ seq }) => seq)).size).toBe(writer.acknowledged.length);
      // The stream works too: the other person's row shows the newest entry.
      while ((await inboxOf(env, 'tomas@example.com'))[0]?.last_seq !== log.length) await sleep(100);
      expect((await fetch(`http://127.0.0.1:${env.PORT}/api/ready`)).status).toBe(200);

      const processes = running(dir);
      run.child.kill('SIGINT');
      expect(await run.exited).toBe(0);
      expect(processes).toHaveLength(6);
      expect(processes.some(isRunning)).toBe(false);
    },
    timeoutMs,
  );
});

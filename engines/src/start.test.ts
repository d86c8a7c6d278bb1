import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoPassword } from '@parley/cli/demo-people';
import getPort from 'get-port';
import { userPoolClientId } from './cognito-local.ts';
import { root } from './launch.ts';
import { isRunning, readPidFile } from './processes.ts';
import { keepSystem, noteSecret } from './testing/suite-log.ts';

const timeoutMs = 120_000;
const variables = ['PORT', 'RUNNER_PORT', 'DYNOXIDE_PORT', 'PGLITE_PORT', 'COGNITO_PORT', 'DELIVERY_PORT'];
const replaced = [
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER',
  'COGNITO_USER_POOL_ID',
  'DATABASE_URL',
  'TOKEN_ISSUER',
];

let dir: string;
let env: NodeJS.ProcessEnv;
const started: ChildProcess[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-start-'));
  env = { ...process.env, DATA_DIR: dir, LOG_LEVEL: 'debug' };
  for (const name of replaced) delete env[name];
  for (const name of variables) env[name] = String(await getPort());
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  keepSystem(dir);
  rmSync(dir, { recursive: true });
});

type Run = { child: ChildProcess; output(): string; exited: Promise<number | string | null> };

function start(): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', 'engines/src/start.ts'], { cwd: root, env });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data;
    });
  }
  const exited = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  return { child, output: () => text, exited };
}

async function ready(run: Run) {
  let hasExited = false;
  void run.exited.then(() => {
    hasExited = true;
  });
  while (!run.output().includes('Parley is ready')) {
    if (hasExited) throw new Error(`ended before it was ready: ${run.output()}`);
    await sleep(50);
  }
}

const running = () => {
  const names = readdirSync(join(dir, 'pids'));
  const identities = names.map((name) => readPidFile(join(dir, 'pids', name)));
  return identities.filter((identity) => identity !== null);
};

/** What the API shows to a person who signs in with the demo password. */
async function inboxOf(email: string) {
  const signedIn = await fetch(`http://127.0.0.1:${env.COGNITO_PORT}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      ClientId: userPoolClientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: demoPassword },
    }),
  });
  const { AuthenticationResult } = (await signedIn.json()) as {
    AuthenticationResult: { AccessToken: string; RefreshToken: string };
  };
  noteSecret(demoPassword);
  noteSecret(AuthenticationResult.RefreshToken);
  const headers = { Authorization: `Bearer ${AuthenticationResult.AccessToken}` };
  const response = await fetch(`http://127.0.0.1:${env.PORT}/api/message_groups`, { headers });
  return (await response.json()) as { last_seq: number }[];
}

describe('bin/start', () => {
  it(
    'runs the system, refuses a second one, and stops without leaving anybody',
    async () => {
      const first = start();
      await ready(first);
      expect(first.output()).toContain('The confirmation code of every sign-up is 123456.');
      expect((await fetch(`http://127.0.0.1:${env.PORT}/api/ready`)).status).toBe(200);
      // Rows follow the stream.
      let inbox = await inboxOf('maya@example.com');
      for (let waits = 0; waits < 100 && inbox[0]?.last_seq !== 100; waits += 1) {
        await sleep(100);
        inbox = await inboxOf('maya@example.com');
      }
      expect(inbox).toEqual([
        expect.objectContaining({ display_name: 'Tomas Okafor', last_seq: 100 }),
        expect.objectContaining({ display_name: 'Corner garden' }),
      ]);
      const processes = running();
      expect(processes).toHaveLength(6);
      expect(processes.every(isRunning)).toBe(true);

      const second = start();
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
    'leaves nobody behind when it is killed, and starts again on what is there',
    async () => {
      const first = start();
      await ready(first);
      const processes = running();
      first.child.kill('SIGKILL');
      await first.exited;
      while (processes.some(isRunning)) await sleep(50);

      const second = start();
      await ready(second);
      const api = readPidFile(join(dir, 'pids/backend.pid'));
      process.kill(api?.pid ?? 0, 'SIGKILL');
      expect(await second.exited).toBe(1);
      expect(second.output()).toContain(
        `backend ended unexpectedly (SIGKILL). Its log: ${join(dir, 'logs/backend.log')}\n`,
      );
      expect(running()).toEqual([]);
    },
    timeoutMs,
  );
});

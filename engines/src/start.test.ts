import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
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

/** Signs in with the demo password. */
async function signIn(email: string) {
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
  return { Authorization: `Bearer ${AuthenticationResult.AccessToken}`, 'Content-Type': 'application/json' };
}

/** What the API shows to a person. */
async function inboxOf(email: string) {
  const headers = await signIn(email);
  const response = await fetch(`http://127.0.0.1:${env.PORT}/api/message_groups`, { headers });
  return (await response.json()) as { last_seq: number }[];
}

type Sent = { uuid: string; seq: number; message_group_uuid: string };

/** Sends one message after the other, each until it is acknowledged, whatever is away in between. */
function sendOn(headers: Record<string, string>) {
  const acknowledged: Sent[] = [];
  let isOver = false;
  const send = async (turn: number) => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${env.PORT}/api/messages`, {
        method: 'POST',
        headers: { ...headers, 'Idempotency-Key': `turn-${turn}` },
        body: JSON.stringify({ handle: 'tomas', message: `turn ${turn}`, known_seq: 100 }),
      }).catch(() => undefined);
      if (answer?.ok) return (await answer.json()) as Sent;
      if (answer && answer.status < 500) throw new Error(`${answer.status} ${await answer.text()}`);
      await sleep(50);
    }
  };
  const running = (async () => {
    while (!isOver) acknowledged.push(await send(acknowledged.length));
  })();
  return {
    acknowledged,
    async stop() {
      isOver = true;
      await running;
    },
  };
}

/** A whole conversation. */
async function logOf(uuid: string, headers: Record<string, string>) {
  const entries: Sent[] = [];
  for (;;) {
    const path = `/api/messages/${uuid}?limit=100&after_seq=${entries.length}`;
    const answer = await fetch(`http://127.0.0.1:${env.PORT}${path}`, { headers });
    const page = (await answer.json()) as Sent[];
    entries.push(...page);
    if (page.length < 100) return entries;
  }
}

/** A process, as its pid file and the messages of bin/start name it. */
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
      const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
      const open = names.filter((name) => (statSync(join(dir, name)).mode & 0o077) !== 0);
      expect([names.length > 50, open]).toEqual([true, []]);
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
      second.child.kill('SIGTERM');
      expect(await second.exited).toBe(0);
      expect(running()).toEqual([]);
    },
    timeoutMs,
  );

  it(
    'starts each process again that is killed, and loses nothing that was acknowledged',
    async () => {
      const run = start();
      await ready(run);
      const headers = await signIn('maya@example.com');
      const writer = sendOn(headers);
      for (const [index, [pidFile, name]] of parts.entries()) {
        const victim = readPidFile(join(dir, 'pids', `${pidFile}.pid`));
        const runsAgain = () => run.output().split(`${name} runs again.`).length - 1;
        const before = runsAgain();
        process.kill(victim?.pid ?? 0, 'SIGKILL');
        while (runsAgain() === before) await sleep(20);
        const acknowledged = writer.acknowledged.length;
        while (writer.acknowledged.length < acknowledged + 3) await sleep(20);
        expect([index, run.output()]).toEqual([
          index,
          expect.stringContaining(`${name} ended unexpectedly (`),
        ]);
      }
      await writer.stop();
      const log = await logOf(writer.acknowledged[0]?.message_group_uuid ?? '', headers);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      for (const entry of writer.acknowledged) expect(log[entry.seq - 1]?.uuid).toBe(entry.uuid);
      expect(new Set(writer.acknowledged.map(({ seq }) => seq)).size).toBe(writer.acknowledged.length);
      // The stream goes on as well: the row of the other person has the newest entry.
      while ((await inboxOf('tomas@example.com'))[0]?.last_seq !== log.length) await sleep(100);
      expect((await fetch(`http://127.0.0.1:${env.PORT}/api/ready`)).status).toBe(200);

      const processes = running();
      run.child.kill('SIGINT');
      expect(await run.exited).toBe(0);
      expect(processes).toHaveLength(6);
      expect(processes.some(isRunning)).toBe(false);
    },
    timeoutMs,
  );
});

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoPassword } from '@parley/dev/demo-people';
import getPort from 'get-port';
import { userPoolClientId } from '../../../engines/src/cognito-local.ts';
import { root } from '../../../engines/src/launch.ts';
import { readPidFile } from '../../../engines/src/processes.ts';
import { keepSystem, noteSecret } from '../../../engines/src/testing/suite-log.ts';

/* Runs bin/start like a user, on free ports and a folder of its own, and acts as a client of it. */

const variables = [
  'PORT',
  'RUNNER_PORT',
  'DYNOXIDE_PORT',
  'PGLITE_PORT',
  'COGNITO_PORT',
  'DELIVERY_PORT',
  'METRICS_PORT',
];
const replaced = [
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER',
  'COGNITO_USER_POOL_ID',
  'DATABASE_URL',
  'TOKEN_ISSUER',
];

/** Creates a folder and the environment of a system in it. */
export async function createPlace(changes: NodeJS.ProcessEnv = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'parley-start-'));
  const env: NodeJS.ProcessEnv = { ...process.env, DATA_DIR: dir, LOG_LEVEL: 'debug', ...changes };
  for (const name of replaced) delete env[name];
  for (const name of variables) env[name] = String(await getPort());
  return {
    dir,
    env,
    close() {
      for (const child of started) child.kill('SIGKILL');
      if (existsSync(join(dir, 'logs'))) keepSystem(dir);
      rmSync(dir, { recursive: true });
    },
  };
}

const started: ChildProcess[] = [];

/** Every process that has a pid file in the system's folder. */
export const running = (dir: string) =>
  readdirSync(join(dir, 'pids'))
    .map((name) => readPidFile(join(dir, 'pids', name)))
    .filter((identity) => identity !== null);

export type Run = { child: ChildProcess; output(): string; exited: Promise<number | string | null> };

export function start(env: NodeJS.ProcessEnv): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/src/start.ts'], { cwd: root, env });
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

export async function ready(run: Run) {
  let hasExited = false;
  void run.exited.then(() => {
    hasExited = true;
  });
  while (!run.output().includes('Parley is ready')) {
    if (hasExited) throw new Error(`ended before it was ready: ${run.output()}`);
    await sleep(50);
  }
}

/** Signs in with the demo password. */
export async function signIn(env: NodeJS.ProcessEnv, email: string) {
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

/** A person's inbox. */
export async function inboxOf(env: NodeJS.ProcessEnv, email: string) {
  const headers = await signIn(env, email);
  const response = await fetch(`http://127.0.0.1:${env.PORT}/api/message_groups`, { headers });
  return (await response.json()) as { last_seq: number }[];
}

export type Sent = { uuid: string; seq: number; message_group_uuid: string };

/** Sends one message after the other. Repeats each until it is acknowledged, whatever fails in between. */
export function sendOn(env: NodeJS.ProcessEnv, headers: Record<string, string>) {
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

/** All entries of a conversation. */
export async function logOf(env: NodeJS.ProcessEnv, uuid: string, headers: Record<string, string>) {
  const entries: Sent[] = [];
  for (;;) {
    const path = `/api/messages/${uuid}?limit=100&after_seq=${entries.length}`;
    const answer = await fetch(`http://127.0.0.1:${env.PORT}${path}`, { headers });
    const page = (await answer.json()) as Sent[];
    entries.push(...page);
    if (page.length < 100) return entries;
  }
}

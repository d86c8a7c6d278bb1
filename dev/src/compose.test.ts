import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import { userPoolClientId, userPoolId } from '../../engines/src/cognito-local.ts';
import { launch, root } from '../../engines/src/launch.ts';

/* Tests docker-compose.yml without containers: its commands, in its order, with engines that start late. */

const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const services = (compose.split(/^services:$/m)[1]?.split(/^volumes:$/m)[0] ?? '')
  .split(/^ {2}(?=[\w-]+:)/m)
  .slice(1);
const service = (name: string) => services.find((text) => text.startsWith(`${name}:`)) ?? '';

let dir: string;
const closers: (() => unknown)[] = [];
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-compose-'));
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(dir, { recursive: true });
});

/** Runs the commands of the service `setup`, with the addresses of engines here. */
function runSetup(addresses: NodeJS.ProcessEnv) {
  const command = /command: (\[.*\])/.exec(service('setup'))?.[1];
  const [program = '', ...args] = JSON.parse(command ?? '[]') as string[];
  const { PATH, HOME } = process.env;
  const child = spawn(program, args, { cwd: root, env: { PATH, HOME, DATA_DIR: dir, ...addresses } });
  closers.push(() => child.kill());
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data;
    });
  }
  return { output: () => text, code: exitOf(child) };
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });

describe('docker-compose', () => {
  it('sets up engines that answer late, and prints what it waits for', async () => {
    const [dynamodb, postgres, cognito] = [await getPort(), await getPort(), await getPort()];
    const setup = runSetup({
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${dynamodb}`,
      DATABASE_URL: `postgres://postgres:postgres@127.0.0.1:${postgres}/postgres`,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: `http://127.0.0.1:${cognito}`,
      COGNITO_USER_POOL_ID: userPoolId,
      COGNITO_USER_POOL_CLIENT_ID: userPoolClientId,
    });
    let code: number | null | undefined;
    void setup.code.then((exit) => {
      code = exit;
    });
    const says = async (line: string) => {
      while (!setup.output().includes(line) && code === undefined) await sleep(20);
      expect(setup.output()).toContain(line);
    };
    for (const name of ['Postgres', 'DynamoDB', 'the sign-in']) await says(`Waiting for ${name} at `);
    const runnerUrl = 'http://127.0.0.1:9';
    const engines = [
      await launch('dynoxide', { port: dynamodb, dbPath: join(dir, 'dynoxide.db') }),
      await launch('pglite', { port: postgres }),
      await launch('cognito', { port: cognito, dir: join(dir, 'cognito'), runnerUrl }),
    ];
    for (const engine of engines) closers.push(() => engine.stop());
    expect([await setup.code, setup.output()]).toEqual([0, expect.stringContaining('Conversations are in')]);
  }, 180_000);

  it('names an engine that does not answer, and ends', async () => {
    const waiting = spawn('bin/wait', ['1'], {
      cwd: root,
      env: {
        ...process.env,
        DATA_DIR: dir,
        DATABASE_URL: 'postgres://127.0.0.1:9/parley',
        AWS_ENDPOINT_URL_DYNAMODB: '',
      },
    });
    let complaint = '';
    waiting.stderr.on('data', (data) => {
      complaint += data;
    });
    expect(await exitOf(waiting)).toBe(1);
    expect(complaint).toBe(
      'Postgres did not answer at 127.0.0.1:9 within 1 s: connect ECONNREFUSED 127.0.0.1:9\n',
    );
  }, 30_000);

  it('restarts every service that ends, except the one that is supposed to end', () => {
    const names = services.map((text) => text.slice(0, text.indexOf(':')));
    expect(names.slice(0, 5)).toEqual(['postgres', 'dynamodb', 'network', 'cognito', 'setup']);
    const inherits = (text: string) => text.includes('<<: *runner');
    const without = services.filter(
      (text) => !text.includes('    restart: unless-stopped\n') && !inherits(text),
    );
    expect(without.map((text) => text.slice(0, text.indexOf(':')))).toEqual(['setup']);
  });

  it('checks Postgres over TCP, on which the server does not listen while it creates the database', () => {
    expect(service('postgres')).toMatch(/test: \["CMD", "psql", .*"-h", "127\.0\.0\.1", .*"select 1"\]/);
    expect(service('postgres')).not.toMatch(/test:.*pg_isready/);
  });
});

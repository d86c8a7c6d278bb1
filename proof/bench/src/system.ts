import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientId, createIssuer } from '@parley/backend/testing/issuer';
import { loadConfig } from '@parley/config/config';
import { createPool, migrate } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import { closeTable, createTable } from '@parley/core/table/client';
import { ensureTables, isAnswering, isReady } from '@parley/dev/prepare';
import { engineUrl, forkEngine, root, stopChild } from '@parley/engines/launch';
import { makePgliteTemplate } from '@parley/engines/pglite-template';
import getPort from 'get-port';
import { removeAtExit } from './at-exit.ts';
import { descendants } from './cpu.ts';

export type Env = Record<string, string>;
export type BenchPerson = users.User & { token: string };
export type System = Awaited<ReturnType<typeof startSystem>>;

export type SystemOptions = {
  /** Settings of each API process; one with the defaults where none is named. */
  nodes?: Env[];
  /** Without the stream runner, where nothing is written that it would follow. */
  hasRunner?: boolean;
};

/** Parley as bin/start runs it, on free ports with temporary data: engines on disk, stream runner, API processes. */
export async function startSystem({ nodes = [{}], hasRunner = true }: SystemOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  removeAtExit(folder);
  const children = new Map<string, ChildProcess>();
  const closers: (() => unknown)[] = [];
  const issuer = await createIssuer();

  function service(name: string, path: string, serviceEnv: Env) {
    const child = fork(join(root, path), [], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        ...serviceEnv,
      },
      execArgv: ['--import', 'tsx'],
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.set(name, child);
  }

  async function stop() {
    for (const [, child] of [...children].reverse()) await stopChild(child, 10_000);
    for (const close of closers.reverse()) await close();
    await issuer.close();
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const ports = await Promise.all([getPort(), getPort(), getPort()]);
    const [enginePort, peoplePort, runnerPort] = ports;
    const engine = forkEngine('dynoxide', { port: enginePort, dbPath: join(folder, 'dynoxide.db') });
    children.set('engine', engine);
    const template = await makePgliteTemplate();
    const postgres = forkEngine('pglite', { port: peoplePort, dir: join(folder, 'pglite'), template });
    children.set('postgres', postgres);
    const [endpoint, databaseUrl] = await Promise.all([engineUrl(engine), engineUrl(postgres)]);
    const env: Env = {
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      DATABASE_URL: databaseUrl,
      TOKEN_ISSUER: issuer.issuer,
      COGNITO_USER_POOL_CLIENT_ID: clientId,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:9',
      DELIVERY_SECRETS: 'of this measurement',
      CURSOR_SECRETS: 'of this measurement',
      RUNNER_URL: `http://127.0.0.1:${runnerPort}`,
      RUNNER_PORT: String(runnerPort),
      RATE_LIMIT_PER_MINUTE: '0',
      MAX_REQUESTS_PER_PERSON: '0',
      REALTIME_FRAMES_PER_SECOND: '0',
      REALTIME_HANDSHAKES_PER_SECOND: '0',
      REALTIME_UNAUTHENTICATED_PER_ADDRESS: '2000',
    };
    const config = loadConfig(env);
    await Promise.all([ensureTables(config, env), migrate(databaseUrl)]);
    if (hasRunner) service('runner', 'lambdas/src/runner/main.ts', env);
    const urls: string[] = [];
    for (const [index, changes] of nodes.entries()) {
      const [port, deliveryPort] = await Promise.all([getPort(), getPort()]);
      const own = { PORT: String(port), DELIVERY_PORT: String(deliveryPort), ...changes };
      service(nodes.length === 1 ? 'api' : `api ${index + 1}`, 'backend/src/main.ts', { ...env, ...own });
      urls.push(`http://127.0.0.1:${port}`);
    }
    await Promise.all([...(hasRunner ? [isAnswering(env.RUNNER_URL ?? '')] : []), ...urls.map(isReady)]);

    const table = createTable({
      region: config.AWS_REGION,
      endpoint,
      name: config.DDB_MESSAGE_TABLE,
      runnerName: config.DDB_RUNNER_TABLE,
    });
    const pool = createPool({ connectionString: databaseUrl, max: 2, onError: () => {} });
    closers.push(
      () => closeTable(table),
      () => pool.end(),
    );
    return {
      urls,
      env,
      url: urls[0] ?? '',
      table,
      stop,
      /** By name, the processes of the system. */
      processes: () =>
        Object.fromEntries(
          [...children].map(([name, { pid = 0 }]) => [name, [pid, ...descendants(pid)]]),
        ) as Record<string, number[]>,
      async person(handle: string): Promise<BenchPerson> {
        const sub = crypto.randomUUID();
        const signUp = { sub, preferredUsername: handle, name: handle, email: `${handle}@example.com` };
        const user = await users.insertFromSignUp(pool, signUp);
        return { ...user, token: await issuer.token(sub) };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** So many people, some at a time. */
export async function people(system: System, count: number, prefix = 'person'): Promise<BenchPerson[]> {
  const made: BenchPerson[] = [];
  for (let index = 0; index < count; index += 20) {
    const size = Math.min(20, count - index);
    const some = Array.from({ length: size }, (_, offset) => system.person(`${prefix}${index + offset}`));
    made.push(...(await Promise.all(some)));
  }
  return made;
}

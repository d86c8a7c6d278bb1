import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { clientId, createIssuer } from '@parley/backend/testing/issuer';
import { loadConfig, tableOptions } from '@parley/config/config';
import { createPool, migrate } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import { closeTable, createTable } from '@parley/core/table/client';
import { ensureTables, isAnswering, isReady } from '@parley/dev/prepare';
import { engineUrl, forkEngine, root, stopChild } from '@parley/engines/launch';
import { makePgliteTemplate } from '@parley/engines/pglite-template';
import getPort from 'get-port';
import { makeMany } from './people.ts';
import { processTree, temporaryFolder } from './processes.ts';

export type BenchPerson = users.User & { token: string };
export type System = Awaited<ReturnType<typeof startSystem>>;

type Env = Record<string, string>;
export type SystemOptions = {
  /** The settings of the API process, or null for none. */
  api?: Env | null;
  /** False for scenarios that write nothing for the stream runner to read. */
  hasRunner?: boolean;
};

/** Starts Parley as bin/start does, on free ports with temporary data: engines on disk, stream runner, API. */
export async function startSystem({ api = {}, hasRunner = true }: SystemOptions = {}) {
  const folder = temporaryFolder();
  const children = new Map<string, ChildProcess>();
  const issuer = await createIssuer();
  const closers: (() => unknown)[] = [folder.remove, issuer.close];

  async function stop() {
    for (const [, child] of [...children].reverse()) await stopChild(child, 10_000);
    for (const close of closers.reverse()) await close();
  }

  try {
    const { endpoint, databaseUrl } = await startEngines(folder.path, children);
    const env = systemEnv({ endpoint, databaseUrl, issuer: issuer.issuer, runnerPort: await getPort() });
    await Promise.all([ensureTables(loadConfig(env), env), migrate(databaseUrl)]);
    const [port, deliveryPort] = [String(await getPort()), String(await getPort())];
    const url = `http://127.0.0.1:${port}`;
    if (hasRunner) children.set('runner', forkService('lambdas/src/runner/main.ts', env));
    if (api) {
      const own = { PORT: port, DELIVERY_PORT: deliveryPort, ...api };
      children.set('api', forkService('backend/src/main.ts', { ...env, ...own }));
    }
    await Promise.all([hasRunner && isAnswering(env.RUNNER_URL ?? ''), api && isReady(url)]);
    const table = createTable(tableOptions(loadConfig(env)));
    const pool = createPool({ connectionString: databaseUrl, max: 2, onError: () => {} });
    closers.push(
      () => closeTable(table),
      () => pool.end(),
    );
    return {
      env,
      url,
      table,
      stop,
      /** The process ids of each part of the system, by its name. */
      processes: (): Record<string, number[]> =>
        Object.fromEntries([...children].map(([name, { pid = 0 }]) => [name, processTree(pid)])),
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

async function startEngines(folder: string, children: Map<string, ChildProcess>) {
  const [enginePort, peoplePort] = await Promise.all([getPort(), getPort()]);
  const engine = forkEngine('dynoxide', { port: enginePort, dbPath: join(folder, 'dynoxide.db') });
  children.set('engine', engine);
  const template = await makePgliteTemplate();
  const postgres = forkEngine('pglite', { port: peoplePort, dir: join(folder, 'pglite'), template });
  children.set('postgres', postgres);
  const [endpoint, databaseUrl] = await Promise.all([engineUrl(engine), engineUrl(postgres)]);
  return { endpoint, databaseUrl };
}

type Addresses = { endpoint: string; databaseUrl: string; issuer: string; runnerPort: number };

/** The settings of every service, with all limits off. */
const systemEnv = ({ endpoint, databaseUrl, issuer, runnerPort }: Addresses): Env => ({
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  DATABASE_URL: databaseUrl,
  TOKEN_ISSUER: issuer,
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
});

const forkService = (path: string, env: Env) =>
  fork(join(root, path), [], {
    cwd: root,
    env: { PATH: process.env.PATH, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
    execArgv: ['--import', 'tsx'],
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

/** Makes people, 20 at a time. */
export const people = (system: System, count: number) =>
  makeMany(count, 20, (index) => system.person(`person${index}`));

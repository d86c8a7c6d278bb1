import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
import { removeAtExit } from './at-exit.ts';
import { descendants } from './cpu.ts';

export type Env = Record<string, string>;
export type BenchPerson = users.User & { token: string };
export type System = Awaited<ReturnType<typeof startSystem>>;

export type SystemOptions = {
  /** The settings of each API process. Without them one process runs with the defaults. */
  nodes?: Env[];
  /** False for scenarios that write nothing for the stream runner to read. */
  hasRunner?: boolean;
};

/** Starts Parley as bin/start does, on free ports with temporary data: engines on disk, stream runner, API processes. */
export async function startSystem({ nodes = [{}], hasRunner = true }: SystemOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  removeAtExit(folder);
  const children = new Map<string, ChildProcess>();
  const issuer = await createIssuer();
  let closeClients = async () => {};

  async function stop() {
    for (const [, child] of [...children].reverse()) await stopChild(child, 10_000);
    await closeClients();
    await issuer.close();
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const { endpoint, databaseUrl } = await startEngines(folder, children);
    const env = systemEnv({ endpoint, databaseUrl, issuer: issuer.issuer, runnerPort: await getPort() });
    await Promise.all([ensureTables(loadConfig(env), env), migrate(databaseUrl)]);
    const urls = await startServices(children, env, { nodes, hasRunner });
    const { table, pool, close } = openClients(env, databaseUrl);
    closeClients = close;
    return {
      urls,
      env,
      url: urls[0] ?? '',
      table,
      stop,
      /** The process ids of each part of the system, by its name. */
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

/** Starts the runner and the API processes, and returns the addresses of the latter once they are ready. */
async function startServices(
  children: Map<string, ChildProcess>,
  env: Env,
  { nodes, hasRunner }: Required<SystemOptions>,
): Promise<string[]> {
  if (hasRunner) children.set('runner', forkService('lambdas/src/runner/main.ts', env));
  const urls: string[] = [];
  for (const [index, changes] of nodes.entries()) {
    const [port, deliveryPort] = await Promise.all([getPort(), getPort()]);
    const own = { PORT: String(port), DELIVERY_PORT: String(deliveryPort), ...changes };
    const name = nodes.length === 1 ? 'api' : `api ${index + 1}`;
    children.set(name, forkService('backend/src/main.ts', { ...env, ...own }));
    urls.push(`http://127.0.0.1:${port}`);
  }
  await Promise.all([...(hasRunner ? [isAnswering(env.RUNNER_URL ?? '')] : []), ...urls.map(isReady)]);
  return urls;
}

const forkService = (path: string, env: Env) =>
  fork(join(root, path), [], {
    cwd: root,
    env: { PATH: process.env.PATH, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
    execArgv: ['--import', 'tsx'],
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

function openClients(env: Env, databaseUrl: string) {
  const table = createTable(tableOptions(loadConfig(env)));
  const pool = createPool({ connectionString: databaseUrl, max: 2, onError: () => {} });
  return {
    table,
    pool,
    async close() {
      await pool.end();
      closeTable(table);
    },
  };
}

/** Makes people, 20 at a time. */
export async function people(system: System, count: number, prefix = 'person'): Promise<BenchPerson[]> {
  const made: BenchPerson[] = [];
  for (let index = 0; index < count; index += 20) {
    const size = Math.min(20, count - index);
    const some = Array.from({ length: size }, (_, offset) => system.person(`${prefix}${index + offset}`));
    made.push(...(await Promise.all(some)));
  }
  return made;
}

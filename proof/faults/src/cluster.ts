import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createIssuer } from '@parley/backend/testing/issuer';
import { createPool, migrate } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import { closeTable, createTable } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';
import { engineUrl, forkEngine, root } from '@parley/engines/launch';
import { type Fate, startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { startStreamProxy } from '@parley/engines/testing/stream-proxy';
import getPort from 'get-port';
import type { Identity } from './requests.ts';
import type { Target } from './schedule.ts';
import { createService, type Service } from './service.ts';

/** The number of shards at the start. */
const shards = 4;
const clientId = 'test-client';
const tokenHours = 12;

export type ClusterOptions = {
  /** Decides by the operation whether and how a request to the table fails. */
  decide: (operation: string, body: Buffer) => Fate;
  rewrite: (operation: string, body: Buffer) => Buffer;
};

export type Cluster = Awaited<ReturnType<typeof startCluster>>;

/**
 * Two backends and two runners, each in its own process, with their own engines and token issuer. Two proxies are
 * between the programs and the table: one injects faults, and one simulates a stream of several shards.
 */
export async function startCluster({ decide, rewrite }: ClusterOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-faults-'));
  mkdirSync(join(folder, 'logs'));
  const [tablePort = 0, postgresPort = 0, ...ports] = await freePorts(8);
  const issuer = await createIssuer();
  const tableUrl = `http://127.0.0.1:${tablePort}`;
  const databaseUrl = `postgres://postgres:postgres@127.0.0.1:${postgresPort}/postgres`;
  const stream = await startStreamProxy(tableUrl, { shards });
  const proxy = await startFaultProxy(stream.endpoint, decide, { rewrite });
  const engines = createEngines(folder, tablePort, postgresPort);
  const env = programEnv({ table: proxy.endpoint, databaseUrl, issuer: issuer.issuer });
  const { programs, nodes } = createPrograms(folder, env, ports);
  const services: Record<Target, Service> = { ...engines, ...programs };

  /** The final read and `bin/check` use the table directly, without the proxies. */
  const table = createTable({
    region: 'us-east-1',
    endpoint: tableUrl,
    name: 'parley-messages',
    runnerName: 'parley-runner',
  });
  const pool = createPool({ connectionString: databaseUrl, max: 2, onError: () => {} });

  await Promise.all(Object.values(engines).map((engine) => engine.start()));
  await Promise.all([
    ensureTable(table.doc, messageTable(table.name)),
    ensureTable(table.doc, runnerTable(table.runnerName)),
    migrate(databaseUrl),
  ]);
  await Promise.all(Object.values(programs).map((program) => program.start()));

  return {
    folder,
    services,
    nodes,
    table,
    stream,
    pool,

    /** Creates a person with a profile and a token. */
    async person(handle: string): Promise<Identity> {
      const sub = crypto.randomUUID();
      const signUp = { sub, preferredUsername: handle, name: handle, email: `${handle}@example.com` };
      const { uuid } = await users.insertFromSignUp(pool, signUp);
      const tokens: string[] = [];
      const renew = async () => {
        const exp = Math.floor(Date.now() / 1_000) + tokenHours * 3_600;
        tokens.push(await issuer.token(sub, { claims: { exp } }));
      };
      await renew();
      return { uuid, handle, tokens, isSigningOut: false, mayBeSignedOut: false, isErased: false, renew };
    },

    /** Copies the logs of all processes to a folder. */
    copyLogs: (to: string) => cpSync(join(folder, 'logs'), to, { recursive: true }),

    async close() {
      await Promise.all(Object.values(services).map((service) => service.kill()));
      closeTable(table);
      await pool.end();
      await proxy.close();
      await stream.close();
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Appends the output of a process to its log. */
function logTo(folder: string, name: string): ['ignore', number, number, 'ipc'] {
  const log = openSync(join(folder, 'logs', `${name}.log`), 'a');
  return ['ignore', log, log, 'ipc'];
}

function createEngines(folder: string, tablePort: number, postgresPort: number) {
  const dynoxide = { port: tablePort, dbPath: join(folder, 'dynoxide/dynoxide.db') };
  const pglite = { port: postgresPort, dir: join(folder, 'pglite') };
  return {
    table: createService({
      name: 'table',
      fork: () => forkEngine('dynoxide', dynoxide, logTo(folder, 'table')),
      ready: engineUrl,
    }),
    postgres: createService({
      name: 'postgres',
      fork: () => forkEngine('pglite', pglite, logTo(folder, 'postgres')),
      ready: engineUrl,
    }),
  };
}

const programEnv = ({
  table,
  databaseUrl,
  issuer,
}: {
  table: string;
  databaseUrl: string;
  issuer: string;
}) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  AWS_ENDPOINT_URL_DYNAMODB: table,
  DATABASE_URL: databaseUrl,
  COGNITO_USER_POOL_CLIENT_ID: clientId,
  TOKEN_ISSUER: issuer,
  // Nothing listens there: the sign-in is not used, because everybody has a profile.
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:9',
  RATE_LIMIT_PER_MINUTE: '0',
  MAX_REQUESTS_PER_PERSON: '0',
  DELIVERY_SECRETS: 'of this campaign',
  LOG_LEVEL: 'warn',
});

/** Runners have the first two ports, backends the next two, and their deliveries the last two. */
function createPrograms(folder: string, env: NodeJS.ProcessEnv, ports: number[]) {
  const url = (index: number) => `http://127.0.0.1:${ports[index]}`;
  const program = (name: string, path: string, readyUrl: string, own: Record<string, string>) =>
    createService({
      name,
      fork: () =>
        fork(join(root, path), [], {
          cwd: root,
          env: { ...env, ...own },
          execArgv: ['--import', 'tsx', '--import', join(import.meta.dirname, 'shift-clock.ts')],
          detached: true,
          stdio: logTo(folder, name),
        }),
      ready: (child) => answers(child, readyUrl),
    });
  const runner = (number: 1 | 2) =>
    program(`runner-${number}`, 'lambdas/src/runner/main.ts', `${url(number - 1)}/status`, {
      RUNNER_PORT: String(ports[number - 1]),
    });
  const backend = (number: 1 | 2) =>
    program(`backend-${number}`, 'backend/src/main.ts', `${url(number + 1)}/api/health-check`, {
      PORT: String(ports[number + 1]),
      DELIVERY_PORT: String(ports[number + 3]),
      RUNNER_URL: url(number - 1),
    });
  return {
    programs: {
      'runner-1': runner(1),
      'runner-2': runner(2),
      'backend-1': backend(1),
      'backend-2': backend(2),
    },
    nodes: { 'backend-1': url(2), 'backend-2': url(3) },
  };
}

const freePorts = (count: number) => Promise.all(Array.from({ length: count }, () => getPort()));

const pollMs = 50;

async function answers(child: ChildProcess, url: string) {
  while (child.exitCode === null && child.signalCode === null) {
    const isUp = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await sleep(pollMs);
  }
  throw new Error(`${url} does not answer: its process has ended`);
}

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

/** Shards that the stream begins with. */
const shards = 4;
const clientId = 'test-client';
const tokenHours = 12;

export type ClusterOptions = {
  /** Asked for each request to the table, by its operation. */
  decide: (operation: string, body: Buffer) => Fate;
  rewrite: (operation: string, body: Buffer) => Buffer;
};

export type Cluster = Awaited<ReturnType<typeof startCluster>>;

/**
 * Two backends and two runners, each a process, on engines of their own; an issuer of tokens; and between programs and
 * table two proxies: one for faults, and one that plays a stream of several shards.
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

  const stdio = (name: string): ['ignore', number, number, 'ipc'] => {
    const log = openSync(join(folder, 'logs', `${name}.log`), 'a');
    return ['ignore', log, log, 'ipc'];
  };
  const table = createService({
    name: 'table',
    fork: () =>
      forkEngine(
        'dynoxide',
        { port: tablePort, dbPath: join(folder, 'dynoxide/dynoxide.db') },
        stdio('table'),
      ),
    ready: engineUrl,
  });
  const postgres = createService({
    name: 'postgres',
    fork: () => forkEngine('pglite', { port: postgresPort, dir: join(folder, 'pglite') }, stdio('postgres')),
    ready: engineUrl,
  });

  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
    DATABASE_URL: databaseUrl,
    COGNITO_USER_POOL_CLIENT_ID: clientId,
    TOKEN_ISSUER: issuer.issuer,
    // Nobody listens there: everybody has a profile.
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:9',
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_REQUESTS_PER_PERSON: '0',
    DELIVERY_SECRETS: 'of this campaign',
    LOG_LEVEL: 'warn',
  };
  const program = (name: string, path: string, url: string, own: Record<string, string>) =>
    createService({
      name,
      fork: () =>
        fork(join(root, path), [], {
          cwd: root,
          env: { ...env, ...own },
          execArgv: ['--import', 'tsx', '--import', join(import.meta.dirname, 'shift-clock.ts')],
          detached: true,
          stdio: stdio(name),
        }),
      ready: (child) => answers(child, url),
    });
  const url = (index: number) => `http://127.0.0.1:${ports[index]}`;
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
  const services: Record<Target, Service> = {
    table,
    postgres,
    'runner-1': runner(1),
    'runner-2': runner(2),
    'backend-1': backend(1),
    'backend-2': backend(2),
  };

  /** For the final reading and `bin/check`: not through the proxies. */
  const direct = createTable({
    region: 'us-east-1',
    endpoint: tableUrl,
    name: 'parley-messages',
    runnerName: 'parley-runner',
  });
  const pool = createPool({ connectionString: databaseUrl, max: 2, onError: () => {} });

  await Promise.all([table.start(), postgres.start()]);
  await Promise.all([
    ensureTable(direct.doc, messageTable(direct.name)),
    ensureTable(direct.doc, runnerTable(direct.runnerName)),
    migrate(databaseUrl),
  ]);
  await Promise.all(
    Object.values(services).map((service) => service === table || service === postgres || service.start()),
  );

  return {
    folder,
    services,
    nodes: { 'backend-1': url(2), 'backend-2': url(3) },
    table: direct,
    stream,
    pool,

    /** Somebody with a profile and a token. */
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

    /** What the processes logged. */
    keepLogs: (to: string) => cpSync(join(folder, 'logs'), to, { recursive: true }),

    async close() {
      await Promise.all(Object.values(services).map((service) => service.kill()));
      closeTable(direct);
      await pool.end();
      await proxy.close();
      await stream.close();
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
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

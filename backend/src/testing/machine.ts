import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '@parley/core/database/database';
import { closeTable, createTable } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';
import { launch, root } from '@parley/engines/launch';
import { makePgliteTemplate } from '@parley/engines/pglite-template';
import { readPidFile } from '@parley/engines/processes';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { clientId, createIssuer } from './issuer.ts';

/** A signed-up person and an access token. */
export type LoadPerson = { uuid: string; handle: string; token: string };
export type Machine = Awaited<ReturnType<typeof startMachine>>;

const tableName = 'parley-messages';
const runnerName = 'parley-runner';

/**
 * Everything on one machine, each part a process of its own as bin/start runs it, on free ports and in a temporary
 * folder: for measurements. Tokens come from an issuer of the caller's, for 5,000 sign-ins would take minutes.
 */
export async function startMachine({ profileDir = '' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-load-'));
  const issuer = await createIssuer();
  const stops: (() => Promise<unknown>)[] = [
    () => rm(folder, { recursive: true, force: true }),
    issuer.close,
  ];
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  const [port = '', runnerPort = '', deliveryPort = '', dynoxidePort = '', pglitePort = ''] = ports;
  const pids = new Map<string, number>();

  const { dynoxide, pglite } = await startEngines(folder, { dynoxide: dynoxidePort, pglite: pglitePort });
  stops.push(dynoxide.stop, pglite.stop);

  const env = {
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    LOG_LEVEL: 'warn',
    PORT: port,
    RUNNER_PORT: runnerPort,
    RUNNER_URL: `http://127.0.0.1:${runnerPort}`,
    DELIVERY_PORT: deliveryPort,
    DELIVERY_SECRETS: randomBytes(32).toString('hex'),
    AWS_ENDPOINT_URL_DYNAMODB: dynoxide.url,
    DATABASE_URL: pglite.url,
    COGNITO_USER_POOL_CLIENT_ID: clientId,
    TOKEN_ISSUER: issuer.issuer,
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_REQUESTS_PER_PERSON: '0',
    REALTIME_HANDSHAKES_PER_SECOND: '0',
  };
  const service = (service: string, file: string) => {
    const profile = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
    const child = spawn(process.execPath, [...profile, '--import', 'tsx', file], {
      cwd: root,
      env,
      stdio: 'inherit',
    });
    pids.set(service, child.pid ?? 0);
    stops.push(() => ended(child));
  };
  service('runner', 'lambdas/src/runner/main.ts');
  service('backend', 'backend/src/main.ts');
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);

  return {
    url,
    /** That many people, signed up. */
    people: (count: number) => signUp(pglite.url, issuer, count),
    /** Of the engine, the runner and the API. */
    processes: () => new Map([['engine', dynoxide.pid], ...pids]),
    async stop() {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

/** The engines, with their tables. */
async function startEngines(folder: string, ports: { dynoxide: string; pglite: string }) {
  const dbPath = join(folder, 'dynoxide.db');
  const [dynoxide, pglite] = await Promise.all([
    launch('dynoxide', { port: Number(ports.dynoxide), dbPath }),
    makePgliteTemplate().then((template) => launch('pglite', { port: Number(ports.pglite), template })),
  ]);
  const table = createTable({ region: 'us-east-1', endpoint: dynoxide.url, name: tableName, runnerName });
  await ensureTable(table.doc, messageTable(tableName));
  await ensureTable(table.doc, runnerTable(runnerName));
  closeTable(table);
  await migrate(pglite.url);
  return { dynoxide: { ...dynoxide, pid: readPidFile(`${dbPath}.pid`)?.pid ?? 0 }, pglite };
}

async function signUp(
  databaseUrl: string,
  issuer: Pick<Awaited<ReturnType<typeof createIssuer>>, 'token'>,
  count: number,
): Promise<LoadPerson[]> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const uuids = Array.from({ length: count }, () => randomUUID());
  await pool.query(
    `insert into users (uuid, handle, display_name, cognito_user_id)
     select id::uuid, 'p-' || id, 'Person ' || left(id, 8), id from unnest($1::text[]) as id`,
    [uuids],
  );
  await pool.end();
  return Promise.all(
    uuids.map(async (uuid) => ({ uuid, handle: `p-${uuid}`, token: await issuer.token(uuid) })),
  );
}

async function ended(child: ChildProcess) {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

async function untilReady(url: string) {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(50)) {
    const response = await fetch(`${url}/api/ready`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`${url} was not ready within a minute`);
}

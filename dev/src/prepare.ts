import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Config } from '@parley/config/config';
import { migrate } from '@parley/core/database/database';
import { clientConfig } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';
import { StartError } from '../../engines/src/start-error.ts';

type Env = Record<string, string>;

const readyTimeoutMs = 60_000;
const pollMs = 25;
/** Content of the marker file of a system that was started empty. The marker file of a seeded system has no content. */
const unseeded = 'unseeded';

export async function ensureTables({ AWS_REGION, DDB_MESSAGE_TABLE, DDB_RUNNER_TABLE }: Config, env: Env) {
  const client = new DynamoDBClient(clientConfig(AWS_REGION, env.AWS_ENDPOINT_URL_DYNAMODB));
  const definitions = [messageTable(DDB_MESSAGE_TABLE), runnerTable(DDB_RUNNER_TABLE)];
  try {
    await Promise.all(definitions.map((definition) => ensureTable(client, definition)));
  } catch (error) {
    throw explain(error, `The tables could not be created on ${env.AWS_ENDPOINT_URL_DYNAMODB}`);
  } finally {
    client.destroy();
  }
}

export async function migrateDatabase(env: Env) {
  try {
    await migrate(env.DATABASE_URL ?? '');
  } catch (error) {
    throw explain(error, 'The Postgres of DATABASE_URL could not be migrated');
  }
}

/** Describes an unreachable server in one line. Other errors keep their stack. */
function explain(error: unknown, what: string) {
  if (!(error instanceof Error) || !('code' in error)) return error;
  return new StartError(`${what}: ${error.message || error.code}`, { cause: error });
}

/**
 * Seeds on the first start, unless that start is to be empty. Returns whether there are demo people. If it is
 * interrupted, the next start repeats it and creates nothing twice.
 */
export async function seedOnce(config: Config, env: Env, dataDir: string, wantsEmpty: boolean) {
  const mark = join(dataDir, 'seeded');
  if (existsSync(mark)) {
    const isSeeded = readFileSync(mark, 'utf8') !== unseeded;
    if (isSeeded && wantsEmpty)
      throw new StartError(`${dataDir} has demo people already. Add --fresh, or set another DATA_DIR.`);
    return isSeeded;
  }
  if (wantsEmpty) {
    writeFileSync(mark, unseeded);
    return false;
  }
  // Imported here, because later starts are faster without it.
  const { seed } = await import('@parley/dev/seed');
  await seed({ ...config, ...env });
  writeFileSync(mark, '');
  return true;
}

/** Resolves when the API is ready. */
export async function isReady(url: string) {
  const deadline = performance.now() + readyTimeoutMs;
  let last = 'no answer';
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${url}/api/ready`, { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return;
      last = await response.text();
    } catch {
      // Not listening yet.
    }
    await sleep(pollMs);
  }
  throw new StartError(`${url}/api/ready did not become 200 within a minute: ${last}`);
}

export async function isAnswering(url: string) {
  const { hostname, port } = new URL(url);
  const deadline = performance.now() + readyTimeoutMs;
  while (performance.now() < deadline) {
    if (await canConnect(hostname, Number(port))) return;
    await sleep(pollMs);
  }
  throw new StartError(`The stream runner does not answer on ${url}.`);
}

function canConnect(host: string, port: number) {
  return new Promise<boolean>((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

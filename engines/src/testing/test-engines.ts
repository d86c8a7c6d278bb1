import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import getPort from 'get-port';
import { launch, root } from '../launch.ts';

/** One DynamoDB API for all workers and one Postgres for each; their addresses go to the environment. */
export async function startTestEngines(folder: string, workers: number, env: NodeJS.ProcessEnv) {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    await Promise.all(started.map((engine) => engine.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const dynamodb = async () => {
    if (env.AWS_ENDPOINT_URL_DYNAMODB) env.TEST_DYNAMODB_ENDPOINT ??= env.AWS_ENDPOINT_URL_DYNAMODB;
    if (env.TEST_DYNAMODB_ENDPOINT) return;
    const engine = await launch('dynoxide', { port: await getPort(), dbPath: join(folder, 'dynoxide.db') });
    started.push(engine);
    env.TEST_DYNAMODB_ENDPOINT = engine.url;
  };
  const postgres = async (worker: number) => {
    const name = `TEST_DATABASE_URL_${worker}`;
    if (env[name]) return;
    const engine = await launch('pglite', { port: await getPort(), template: await pgliteTemplate() });
    started.push(engine);
    env[name] = engine.url;
  };
  const workerIds = Array.from({ length: workers }, (_, index) => index + 1);
  const outcomes = await Promise.allSettled([dynamodb(), ...workerIds.map(postgres)]);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  return { stop };
}

let template: Promise<string> | undefined;

/** A fresh database, made once (4 s) and kept beside the packages. */
function pgliteTemplate() {
  template ??= makeTemplate();
  return template;
}

async function makeTemplate() {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'engines/package.json'), 'utf8'));
  const folder = join(root, 'node_modules/.cache/pglite');
  const path = join(folder, `${dependencies['@electric-sql/pglite']}.tar`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const db = await PGlite.create();
  const dump = await db.dumpDataDir('none');
  await db.close();
  writeFileSync(`${path}.${process.pid}`, Buffer.from(await dump.arrayBuffer()));
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

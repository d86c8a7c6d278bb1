import { rmSync } from 'node:fs';
import { join } from 'node:path';
import getPort from 'get-port';
import { launch } from '../launch.ts';
import { makePgliteTemplate } from '../pglite-template.ts';

/** Starts one DynamoDB API for all workers and one Postgres for each, and puts their addresses into the environment. */
export async function startTestEngines(folder: string, workers: number, env: NodeJS.ProcessEnv) {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    await Promise.all(started.map((engine) => engine.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const dynamodb = async () => {
    if (env.AWS_ENDPOINT_URL_DYNAMODB) env.TEST_DYNAMODB_ENDPOINT ??= env.AWS_ENDPOINT_URL_DYNAMODB;
    if (env.TEST_DYNAMODB_ENDPOINT) return;
    const port = await getPort();
    const jar = env.TEST_DYNAMODB_LOCAL_JAR;
    const engine = jar
      ? await launch('dynamodb-local', { port, jar })
      : await launch('dynoxide', { port, dbPath: join(folder, 'dynoxide.db') });
    started.push(engine);
    env.TEST_DYNAMODB_ENDPOINT = engine.url;
  };
  let template: Promise<string> | undefined;
  const postgres = async (worker: number) => {
    const name = `TEST_DATABASE_URL_${worker}`;
    if (env[name]) return;
    template ??= makePgliteTemplate();
    const engine = await launch('pglite', { port: await getPort(), template: await template });
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

import { explain } from '@parley/config/explain';
import type { Engine, EngineName } from './launch.ts';
import { makePrivateFiles } from './private-files.ts';

/** `engine-process.ts NAME OPTIONS`: one engine in a process of its own that ends with its parent. */
const engines: Record<EngineName, () => Promise<(options: never, log: Log) => Promise<Engine>>> = {
  dynoxide: async () => (await import('./dynoxide.ts')).startDynoxide,
  'dynamodb-local': async () => (await import('./dynamodb-local.ts')).startDynamodbLocal,
  pglite: async () => (await import('./pglite.ts')).startPglite,
  cognito: async () => (await import('./cognito-local.ts')).startCognito,
};

type Log = (line: string) => void;

const [name, options] = process.argv.slice(2);

async function main() {
  makePrivateFiles();
  const start = await engines[name as EngineName]();
  const engine = await start(JSON.parse(options ?? '{}') as never, console.error);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await engine.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  process.on('disconnect', stop);
  engine.failed.catch(async (error) => {
    if (stopping) return;
    stopping = true;
    console.error(error);
    await engine.stop();
    process.exit(1);
  });
  if (!process.connected) return stop();
  process.send?.({ url: engine.url });
}

main().catch((error) => {
  if (!process.connected) process.exit(1);
  process.send?.({ error: `${name}: ${explain(error)}` }, () => process.exit(1));
});

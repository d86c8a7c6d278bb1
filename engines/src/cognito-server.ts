import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '@parley/config/config';
import { signInOptions, startCognito } from './cognito-local.ts';
import { root } from './launch.ts';
import { closeToOthers, makePrivateFiles } from './private-files.ts';

const config = loadConfig(process.env);
makePrivateFiles();
const dir = join(resolve(root, config.DATA_DIR), 'cognito');
mkdirSync(dir, { recursive: true, mode: 0o700 });
closeToOthers(dir);
const cognito = await startCognito({
  host: config.HOST,
  port: config.COGNITO_PORT,
  dir,
  runnerUrl: `http://127.0.0.1:${config.RUNNER_PORT}`,
  ...signInOptions(config),
});
process.stdout.write(`The sign-in listens on ${config.HOST}:${config.COGNITO_PORT}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void cognito.stop().finally(() => process.exit()));
}

import { join, relative, resolve } from 'node:path';
import { confirm } from '@parley/cli/confirm';
import { report, takeVerbose } from '@parley/cli/verbose';
import { type Config, loadConfig } from '@parley/config/config';
import { demoPassword, demoPeople } from '@parley/dev/demo-people';
import { confirmationCode } from '../../engines/src/cognito-local.ts';
import { root } from '../../engines/src/launch.ts';
import { findHiddenDoor } from '../../engines/src/loopback-guard.ts';
import { makePrivateFiles } from '../../engines/src/private-files.ts';
import { StartError } from '../../engines/src/start-error.ts';
import { hasData, openDataDir, removeEnvFile, storedSecret, writeEnvFile } from './data-dir.ts';
import { thisMachine } from './machine.ts';
import { type Plan, planSystem } from './plan.ts';
import { assertPortsFree } from './ports.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
import { assertSameTableEngine, findTableEngine } from './table-engine.ts';

const stopOrder = [['backend'], ['runner'], ['cognito'], ['pglite', 'dynoxide', 'dynamodb-local']];
const errorLevel = 50;

async function main() {
  const startedAt = performance.now();
  const { fresh, empty, yes, download } = readArguments(process.argv.slice(2));
  makePrivateFiles();
  const config = readConfig();
  const table = await tableEngine(config, download);
  const dataDir = resolve(root, config.DATA_DIR);
  if (fresh && hasData(dataDir)) await confirm(`This deletes everything in ${dataDir}.`, 'delete', yes);
  const lock = await openDataDir(dataDir, { fresh }).catch((error) => {
    if (error instanceof StartError) throw error;
    throw new StartError(`Data cannot be stored in DATA_DIR (${dataDir}).`, { cause: error });
  });
  if (lock.closed > 0)
    print(`${shortest(dataDir)} was readable by other users of this machine, and is closed to them now.`);
  const supervisor = createSupervisor({
    dataDir,
    stopOrder,
    onWarning: print,
    onCrash: (line) => {
      printError(line);
      void stop(1);
    },
  });
  let isStopping = false;

  async function stop(code: number, signal?: string) {
    if (isStopping) return;
    isStopping = true;
    await supervisor.stop();
    release();
    // Node aborts at its exit if the terminal is gone.
    if (signal === 'SIGHUP') process.kill(process.pid, 'SIGKILL');
    process.exit(code);
  }

  function release() {
    removeEnvFile(dataDir);
    lock.release();
  }

  function onSignal(name: string) {
    if (isStopping) {
      if (name !== 'SIGINT') return;
      supervisor.kill();
      release();
      process.exit(130);
    }
    print('Stopping ...');
    void stop(0, name);
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => onSignal(name));

  try {
    if (table) assertSameTableEngine(dataDir, table.name);
    const secrets = {
      cursor: storedSecret(dataDir, 'cursor-secret'),
      delivery: storedSecret(dataDir, 'delivery-secret'),
      tableDoor: await findHiddenDoor(),
    };
    const plan = planSystem(config, dataDir, secrets, table);
    await assertPortsFree(plan.ports);
    writeEnvFile(dataDir, plan.env);
    const hasDemoPeople = await startSystem(config, plan, supervisor, { dataDir, empty });
    supervisor.keepAlive();
    print(banner(config, plan, { dataDir, hasDemoPeople, tookMs: performance.now() - startedAt }));
  } catch (error) {
    if (isStopping) return;
    reportError(error);
    await stop(1);
  }
}

/** Starts the engines and services. Resolves to whether there are demo people. */
async function startSystem(
  config: Config,
  { engines, env }: Plan,
  supervisor: Supervisor,
  { dataDir, empty }: { dataDir: string; empty: boolean },
): Promise<boolean> {
  const dynoxide = engines.dynoxide && supervisor.engine('dynoxide', engines.dynoxide);
  const dynamodbLocal =
    engines['dynamodb-local'] && supervisor.engine('dynamodb-local', engines['dynamodb-local']);
  const pglite = engines.pglite && supervisor.engine('pglite', engines.pglite);
  // The sign-in logs wrong passwords as warnings, which do not belong on the terminal.
  const cognito = engines.cognito && supervisor.engine('cognito', engines.cognito, errorLevel);
  // Imported while the engines start.
  const { ensureTables, isAnswering, isReady, migrateDatabase, seedOnce } = await import('./prepare.ts');
  const childEnv = { ...process.env, ...env };
  const apiIsReady = () => isReady(apiUrl(config));
  const runnerAnswers = () => isAnswering(env.RUNNER_URL ?? '');
  const serve = async () => {
    await Promise.all([dynoxide, dynamodbLocal]);
    await ensureTables(config, env);
    supervisor.service('runner', 'lambdas/src/runner/main.ts', childEnv, runnerAnswers);
    supervisor.service('backend', 'backend/src/main.ts', childEnv, apiIsReady);
  };
  const migrate = async () => {
    await pglite;
    await migrateDatabase(env);
  };
  await Promise.all([serve(), migrate(), cognito]);
  const hasDemoPeople = await seedOnce(config, env, dataDir, empty);
  await Promise.all([apiIsReady(), runnerAnswers()]);
  return hasDemoPeople;
}

function readConfig() {
  try {
    return loadConfig(process.env);
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}

function readArguments(names: string[]) {
  for (const name of names)
    if (!['--fresh', '--empty', '--yes', '--download'].includes(name))
      throw new StartError(`Unknown argument ${name}. See --help.`);
  const has = (name: string) => names.includes(name);
  return {
    fresh: has('--fresh'),
    empty: has('--empty'),
    yes: has('--yes'),
    download: has('--download'),
  };
}

/** The engine of the table, or undefined if the configuration names a server. */
async function tableEngine(config: Config, download: boolean) {
  if (config.AWS_ENDPOINT_URL_DYNAMODB) return undefined;
  const settings = {
    // A relative path in .env is relative to the root, where .env is.
    DYNAMODB_LOCAL_JAR: config.DYNAMODB_LOCAL_JAR && resolve(root, config.DYNAMODB_LOCAL_JAR),
    DYNAMODB_LOCAL_DOWNLOAD: config.DYNAMODB_LOCAL_DOWNLOAD || download,
  };
  return findTableEngine(settings, thisMachine);
}

function apiUrl({ HOST, PORT }: Config) {
  const host = ['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}

function banner(
  config: Config,
  { engines, env }: Plan,
  { dataDir, hasDemoPeople, tookMs }: { dataDir: string; hasDemoPeople: boolean; tookMs: number },
) {
  const lines = [`Parley is ready (${(tookMs / 1000).toFixed(1)} s): ${apiUrl(config)}`, ''];
  const local = engines['dynamodb-local'];
  if (local) {
    lines.push(
      `  Conversations  DynamoDB Local (${shortest(local.jar)})`,
      `                 It listens on every address of this machine. Protect port ${local.door?.port ?? local.port} with a firewall.`,
    );
  }
  if (engines.dynoxide) lines.push(`  Conversations  dynoxide, http://127.0.0.1:${engines.dynoxide.port}`);
  if (engines.cognito) {
    lines.push(
      `  Sign-in        ${env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER}, client ${env.COGNITO_USER_POOL_CLIENT_ID}`,
      `                 The confirmation code of every sign-up is ${confirmationCode}.`,
    );
  }
  if (engines.cognito && hasDemoPeople) {
    lines.push(
      `  Demo people    ${demoPeople.map(({ email }) => email).join(', ')}`,
      `                 Password: ${demoPassword}`,
    );
  }
  lines.push(
    `  API reference  ${apiUrl(config)}/api/docs`,
    `  Logs           ${shortest(join(dataDir, 'logs'))}`,
    '',
    'Ctrl-C stops everything.',
  );
  return lines.join('\n');
}

function shortest(path: string) {
  const below = relative(root, path);
  return below.startsWith('..') ? path : below;
}

function print(line: string) {
  process.stdout.write(`${line}\n`);
}

function printError(line: string) {
  process.stderr.write(`${line}\n`);
}

const reportError = (error: unknown) => printError(`bin/start: ${report(error)}`);

// A terminal that closes must not interrupt the stop.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

if (takeVerbose(process.argv)) process.env.PARLEY_VERBOSE = 'true';
main().catch((error) => {
  reportError(error);
  process.exit(1);
});

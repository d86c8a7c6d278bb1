import { type ChildProcess, spawn } from 'node:child_process';
import { keepOutput, noteSecret } from '@parley/engines/testing/suite-log';
import getPort from 'get-port';

const root = new URL('../../../', import.meta.url).pathname;

const deliverySecret = 'of a runner in these tests';

export type RunnerProcess = { child: ChildProcess; port: number };

/** Starts a stream runner in its own process, on a suite's tables behind `endpoint`. */
export async function startRunnerProcess(
  table: { name: string; runnerName: string },
  endpoint: string,
  env: Record<string, string> = {},
): Promise<RunnerProcess> {
  const port = await getPort();
  noteSecret(deliverySecret);
  const child = spawn(process.execPath, ['--import', 'tsx', 'lambdas/src/runner/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      LOG_LEVEL: 'debug',
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      DDB_MESSAGE_TABLE: table.name,
      DDB_RUNNER_TABLE: table.runnerName,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nowhere',
      DELIVERY_SECRETS: deliverySecret,
      RUNNER_PORT: String(port),
      ...env,
    },
  });
  keepOutput(child.stdout, child.stderr);
  return { child, port };
}

export async function ended(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exit;
}

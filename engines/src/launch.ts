import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';
import type { CognitoOptions } from './cognito-local.ts';
import type { DynamodbLocalOptions } from './dynamodb-local.ts';
import type { DynoxideOptions } from './dynoxide.ts';
import type { PgliteOptions } from './pglite.ts';
import { StartError } from './start-error.ts';

export type EngineOptions = {
  dynoxide: DynoxideOptions;
  'dynamodb-local': DynamodbLocalOptions;
  pglite: PgliteOptions;
  cognito: CognitoOptions;
};
export type EngineName = keyof EngineOptions;

/** `failed` rejects if the engine ends by itself. */
export type Engine = { url: string; failed: Promise<never>; stop(): Promise<void> };

export const root = join(import.meta.dirname, '../..');

/**
 * Forks an engine in a session of its own, so that a terminal's signals reach only this process, which stops in order.
 */
export function forkEngine<Name extends EngineName>(
  name: Name,
  options: EngineOptions[Name],
  stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc'],
) {
  return fork(join(import.meta.dirname, 'engine-process.ts'), [name, JSON.stringify(options)], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
    detached: true,
    stdio,
  });
}

/** Waits until a forked engine answers. */
export function engineUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('message', (message: { url: string } | { error: string }) => {
      if ('url' in message) resolve(message.url);
      else reject(new StartError(message.error));
    });
    child.once('exit', (code) => reject(new Error(`ended with code ${code}`)));
  });
}

export async function stopChild(child: ChildProcess, graceMs = 5_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const force = setTimeout(() => killGroup(child), graceMs);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(force);
}

/** Kills a forked process and its children, which form one process group. */
export function killGroup({ pid }: ChildProcess) {
  if (!pid) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has already ended.
  }
}

/** Launches an engine for tests and discards its output. */
export async function launch<Name extends EngineName>(name: Name, options: EngineOptions[Name]) {
  const child = forkEngine(name, options);
  const url = await engineUrl(child);
  return { url, stop: () => stopChild(child) };
}

import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { keepOutput } from '@parley/engines/testing/suite-log';
import type { createTestDatabase } from '@parley/engines/testing/test-database';
import { type createTestTable, testEndpoint } from '@parley/engines/testing/test-table';

type Place = {
  table: Awaited<ReturnType<typeof createTestTable>>;
  database: Awaited<ReturnType<typeof createTestDatabase>>;
};

type ScriptOptions = {
  input?: string;
  env?: Record<string, string>;
  /** The caller's working directory. */
  cwd?: string;
  /** Kills the script as soon as its output matches. */
  killOn?: RegExp;
};

/** The settings that point a script at a suite's own tables and database. */
export const scriptEnv = ({ table, database }: Place) => ({
  PATH: process.env.PATH,
  DATA_DIR: join(tmpdir(), 'parley-nowhere'),
  AWS_ENDPOINT_URL_DYNAMODB: testEndpoint(),
  DATABASE_URL: database.url,
  DDB_MESSAGE_TABLE: table.name,
  DDB_RUNNER_TABLE: table.runnerName,
});

/** Starts a script of bin/ on a suite's own tables and database. `env` changes its settings. */
export function startScript(
  { table, database }: Place,
  [name = '', ...args]: string[],
  { input = '', env = {}, cwd, killOn }: ScriptOptions = {},
) {
  const child = spawn(resolve('bin', name), args, {
    env: { ...scriptEnv({ table, database }), ...env },
    cwd,
  });
  // Only stderr is logged: stdout is the script's result, which may hold texts and tokens.
  keepOutput(child.stderr);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (data) => {
      output[stream] += data;
      if (killOn?.test(output[stream])) child.kill('SIGKILL');
    });
  // A script may end before it has read anything.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((settle) =>
    child.on('close', (code) => settle({ code, ...output })),
  );
  return { child, ended };
}

export const runScript = (...args: Parameters<typeof startScript>) => startScript(...args).ended;

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The result of a run by file. `broken`: no test ran, because the file could not be loaded or no test has the name. */
export type Outcome = { passed: string[]; failed: string[]; broken: string[]; isLate: boolean };

/** A mutation may cause an endless loop, which counts as detected. */
const timeoutMs = 180_000;

export type Jest = ReturnType<typeof createJest>;

/** Runs test files in a copy of the repository, one run at a time. `env` has the addresses of the shared engines. */
export function createJest(folder: string, env: NodeJS.ProcessEnv) {
  let child: ChildProcess | undefined;
  const stop = () => {
    // Kills the process group, so that processes that the tests started end, too.
    if (child?.pid && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  };

  async function run(files: string[], test?: string): Promise<Outcome> {
    const report = join(folder, 'mutate-report.json');
    rmSync(report, { force: true });
    // --forceExit: a failing test may leave handles open.
    const options = [
      '--maxWorkers=1',
      '--forceExit',
      '--json',
      `--outputFile=${report}`,
      '--runTestsByPath',
      ...files,
    ];
    if (test) options.push('--testNamePattern', test);
    child = spawn(
      process.execPath,
      ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...options],
      {
        ...{ cwd: folder, env, detached: true, stdio: 'ignore' },
      },
    );
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, timeoutMs);
    await new Promise((resolve) => child?.once('exit', resolve));
    clearTimeout(timer);
    // Without a report Jest itself crashed, and no test ran.
    if (isLate || !existsSync(report)) return { passed: [], failed: [], broken: isLate ? [] : files, isLate };
    return read(report, folder);
  }

  return { run, stop };
}

type Report = {
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[];
};

function read(file: string, folder: string): Outcome {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const outcome: Outcome = { passed: [], failed: [], broken: [], isLate: false };
  for (const { name, status, assertionResults } of testResults) {
    const path = name.slice(folder.length + 1);
    const has = (each: string) => assertionResults.some((result) => result.status === each);
    if (has('failed')) outcome.failed.push(path);
    else if (status !== 'failed' && has('passed')) outcome.passed.push(path);
    else outcome.broken.push(path);
  }
  return outcome;
}

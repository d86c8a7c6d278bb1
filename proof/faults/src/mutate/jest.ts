import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a run of test files came to. `broken`: nothing was tested, as a file could not be loaded or no test has the name. */
export type Outcome = { passed: string[]; failed: string[]; broken: string[]; isLate: boolean };

/** A mutation may make a loop endless: that is noticed, too. */
const timeoutMs = 180_000;

export type Jest = ReturnType<typeof createJest>;

/** Runs test files in a copy of the repository, one run at a time. `env` names the engines that they share. */
export function createJest(folder: string, env: NodeJS.ProcessEnv) {
  let child: ChildProcess | undefined;
  const stop = () => {
    // A group of its own: whatever the tests started ends with it.
    if (child?.pid && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  };

  async function run(files: string[], test?: string): Promise<Outcome> {
    const report = join(folder, 'mutate-report.json');
    rmSync(report, { force: true });
    // A test that fails may leave something open.
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
    // Without a report nothing was tested: Jest itself has died.
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

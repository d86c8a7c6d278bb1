import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keepLines, noteSecret } from '@parley/engines/testing/suite-log';

/** Loads a bundle like Lambda and invokes it with an event. Writes the answer and both durations. */
const driver = `
  import { readFileSync, writeFileSync } from 'node:fs';
  const [file, name, remainingMs, event] = process.argv.slice(2);
  const startedAt = performance.now();
  const bundle = await import(file);
  const initMs = performance.now() - startedAt;
  const endsAt = performance.now() + Number(remainingMs);
  const context = { functionName: 'bare', functionVersion: '1', memoryLimitInMB: '512', awsRequestId: 'request-1',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:111111111111:function:bare', getRemainingTimeInMillis: () => Math.max(0, endsAt - performance.now()) };
  // Lambda also finds a handler inside an exported object.
  const find = (object, path) => path.split('.').reduce((found, key) => found[key], object);
  const outcome = {};
  if (event) {
    try { outcome.answer = await find(bundle, name)(JSON.parse(readFileSync(event, 'utf8')), context); }
    catch (error) { outcome.error = String(error); }
    outcome.tookMs = performance.now() - startedAt - initMs;
  }
  writeFileSync('outcome.json', JSON.stringify({ ...outcome, initMs }));
  process.exit(0);
`;

export type Run = {
  /** The folder of a bundle. */
  dir: string;
  handler?: string;
  event?: unknown;
  /** The remaining time of the invocation. */
  remainingMs?: number;
  env: Record<string, string>;
};

/** Runs a bundle in a Node process of its own that has only the bundle: no packages and no checkout. */
export async function runBare({ dir, handler = 'handler', event, remainingMs = 30_000, env }: Run) {
  const work = await mkdtemp(join(tmpdir(), 'bundle-'));
  try {
    await cp(dir, join(work, 'task'), { recursive: true });
    await writeFile(join(work, 'driver.mjs'), driver);
    if (event) await writeFile(join(work, 'event.json'), JSON.stringify(event));
    const task = [
      join(work, 'driver.mjs'),
      join(work, 'task/index.mjs'),
      handler,
      String(remainingMs),
      ...(event ? [join(work, 'event.json')] : []),
    ];
    noteSecret(env.DELIVERY_SECRETS);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, task, {
      cwd: work,
      timeout: 60_000,
      env: {
        PATH: '',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        ...env,
      },
    });
    keepLines(`${stdout}\n${stderr}`);
    const outcome: { answer?: unknown; error?: string; initMs: number; tookMs: number } = JSON.parse(
      await readFile(join(work, 'outcome.json'), 'utf8'),
    );
    return { ...outcome, lines: linesOf(stdout), errorLines: linesOf(stderr) };
  } finally {
    await rm(work, { recursive: true });
  }
}

const linesOf = (text: string) => text.split('\n').filter(Boolean);

import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '@parley/engines/launch';
import { startTestEngines } from '@parley/engines/testing/test-engines';
import { copyRepository } from './copy.ts';
import { createJest, type Jest, type Outcome } from './jest.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    fast: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const wanted = mutations.filter(
  ({ file, what, name, isSlow }) =>
    `${file} ${what}`.includes(values.only) && !(values.fast && (name || isSlow)),
);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'parley-mutate-')));
/** Whether tests pass without a mutation, by files and name. */
const good = new Map<string, boolean>();
let jest: Jest | undefined;
let stopEngines = async () => {};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, async () => {
    await cleanUp();
    process.exit(1);
  });

try {
  if (values.list) for (const { file, what } of wanted) console.log(`${file}: ${what}`);
  else process.exitCode = (await mutateAll()) ? 0 : 1;
} finally {
  await cleanUp();
}

async function cleanUp() {
  jest?.stop();
  await stopEngines();
  rmSync(folder, { recursive: true, force: true });
}

/** True if every mutation is detected. */
async function mutateAll(): Promise<boolean> {
  const missing = wanted.filter((mutation) => source(root, mutation).split(mutation.from).length !== 2);
  for (const { file, what, from } of missing)
    console.log(
      `not found   ${file}: ${what}\n            does not occur exactly once: ${JSON.stringify(from)}`,
    );
  copyRepository(root, folder);
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  ({ stop: stopEngines } = await startTestEngines(join(folder, 'engines'), 1, env));
  jest = createJest(folder, env);
  let noticed = 0;
  const present = wanted.filter((mutation) => !missing.includes(mutation));
  for (const mutation of present) if (await isNoticed(jest, mutation)) noticed += 1;
  console.log(`${noticed} noticed, ${present.length - noticed} not noticed, ${missing.length} not found`);
  return noticed === wanted.length;
}

/** Tests must pass without the mutation. They are tried twice, because some fail on a loaded machine. */
async function areTestsGood(jest: Jest, { tests, name }: Mutation): Promise<boolean> {
  const key = `${tests} ${name}`;
  const known = good.get(key);
  if (known !== undefined) return known;
  const pass = async () => (await jest.run(tests, name)).passed.length === tests.length;
  const isGood = (await pass()) || (await pass());
  good.set(key, isGood);
  return isGood;
}

async function isNoticed(jest: Jest, mutation: Mutation): Promise<boolean> {
  const { file, what, from, to, tests, name } = mutation;
  if (!(await areTestsGood(jest, mutation))) {
    console.log(`no test    ${file}: ${what} (${tests.join(', ')} fails without it)`);
    return false;
  }
  const original = source(folder, mutation);
  const startedAt = performance.now();
  writeFileSync(
    join(folder, file),
    original.replace(from, () => to),
  );
  const outcome = await jest.run(tests, name);
  writeFileSync(join(folder, file), original);
  const isGood = outcome.isLate || outcome.failed.length === tests.length;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${isGood ? 'noticed ' : 'SURVIVED'}    ${file}: ${what} (${explain(outcome)}, ${seconds} s)`);
  return isGood;
}

function explain({ passed, failed, broken, isLate }: Outcome): string {
  if (isLate) return 'the tests time out';
  const parts = { 'fails in': failed, 'passes in': passed, 'does not run in': broken };
  return Object.entries(parts)
    .filter(([, files]) => files.length > 0)
    .map(([verb, files]) => `${verb} ${files.join(', ')}`)
    .join('; ');
}

function source(folder: string, { file }: Mutation): string {
  return readFileSync(join(folder, file), 'utf8');
}

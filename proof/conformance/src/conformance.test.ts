import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createWorld, type World } from '@parley/backend/testing/world';
import { checks } from './checks.ts';
import { runChecks } from './run.ts';

let world: World;
let base: string;
let tokens: string[];
beforeAll(async () => {
  world = await createWorld();
  base = (await world.liveNode()).url;
  const people = await Promise.all(['one', 'other', 'third'].map((handle) => world.person(handle)));
  tokens = people.map(({ token }) => token);
});
afterAll(() => world.close());

test('a deployment without a stream runner fails only the checks that need it, with exit code 1', async () => {
  const given = tokens.flatMap((token) => ['--token', token]);
  const script = join(import.meta.dirname, '../../../bin/conformance');
  const { code, stdout } = await promisify(execFile)(script, ['--base', base, ...given]).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^not ok \d+ - counts unread messages exactly, and moves a read position only forward$/m,
  );
  expect(stdout).toMatch(/^ok \d+ - answers a stranger as if the conversation did not exist$/m);
  expect(stdout.match(/^(not )?ok \d+ - /gm)).toHaveLength(checks.length);
}, 120_000);

test('this deployment passes every check', async () => {
  world.runStream();
  const results = await runChecks(base, tokens);
  expect(results.filter(({ error }) => error)).toEqual([]);
}, 120_000);

test('it does not start with invalid tokens, or with two tokens of one person', async () => {
  await expect(runChecks(base, ['a', 'b', 'c'])).rejects.toThrow('a token is refused: 401');
  await expect(runChecks(base, [tokens[0] ?? '', tokens[0] ?? '', tokens[1] ?? ''])).rejects.toThrow(
    'three people',
  );
});

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

test('a deployment that lacks its stream fails what rests on it, and nothing else', async () => {
  const results = await runChecks(base, tokens);
  const failed = results.filter(({ error }) => error).map(({ name }) => name);
  expect(failed).toContain('counts what is unread exactly, and a read position moves forward only');
  expect(failed).not.toContain('hides a conversation from a stranger as if it were not there');
  expect(results).toHaveLength(checks.length);
}, 120_000);

test('this one passes them all', async () => {
  world.runStream();
  const results = await runChecks(base, tokens);
  expect(results.filter(({ error }) => error)).toEqual([]);
}, 120_000);

test('it does not begin with tokens that open nothing, or of one person', async () => {
  await expect(runChecks(base, ['a', 'b', 'c'])).rejects.toThrow('a token is refused: 401');
  await expect(runChecks(base, [tokens[0] ?? '', tokens[0] ?? '', tokens[1] ?? ''])).rejects.toThrow(
    'three people',
  );
});

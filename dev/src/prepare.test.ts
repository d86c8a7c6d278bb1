import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import { seedOnce } from './prepare.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-prepare-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** There is no Postgres to seed: whoever tries fails. */
const seed = (wantsEmpty: boolean) => seedOnce(loadConfig({}), {}, dir, wantsEmpty);

test('a system that began empty has no demo people, and no later start makes them', async () => {
  expect(await seed(true)).toBe(false);
  expect(await seed(false)).toBe(false);
  expect(await seed(true)).toBe(false);
});

test('one that began otherwise is seeded, and is no longer to be had empty', async () => {
  await expect(seed(false)).rejects.toThrow();
  writeFileSync(join(dir, 'seeded'), '');
  expect(await seed(false)).toBe(true);
  await expect(seed(true)).rejects.toThrow('has demo people already. Add --fresh, or set another DATA_DIR.');
});

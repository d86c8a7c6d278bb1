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

/** Fails if it seeds, because there is no Postgres. */
const seed = (wantsEmpty: boolean) => seedOnce(loadConfig({}), {}, dir, wantsEmpty);

test('a system that began empty has no demo people, and no later start creates them', async () => {
  expect(await seed(true)).toBe(false);
  expect(await seed(false)).toBe(false);
  expect(await seed(true)).toBe(false);
});

test('a system that did not begin empty is seeded, and cannot become empty', async () => {
  await expect(seed(false)).rejects.toThrow();
  writeFileSync(join(dir, 'seeded'), '');
  expect(await seed(false)).toBe(true);
  await expect(seed(true)).rejects.toThrow('has demo people already. Add --fresh, or set another DATA_DIR.');
});

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import { root } from '../../engines/src/launch.ts';

const ports = ['PORT', 'RUNNER_PORT', 'DYNOXIDE_PORT', 'PGLITE_PORT', 'COGNITO_PORT', 'DELIVERY_PORT'];

let dir: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-no-start-'));
  env = { PATH: process.env.PATH, HOME: process.env.HOME };
  for (const name of ports) env[name] = String(await getPort());
  // The first build of the page has warnings of its own.
  spawnSync('bin/build', { cwd: root, env });
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true }));

describe('bin/start prints one line about a DATA_DIR that it cannot use', () => {
  const runOn = (folder: string, ...args: string[]) =>
    spawnSync('bin/start', args, { cwd: root, env: { ...env, DATA_DIR: folder }, encoding: 'utf8' });
  it('because it is a file, or below one', () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'below')]) {
      const { status, stderr } = runOn(folder);
      expect([status, stderr.split('\n')]).toEqual([1, [expect.stringContaining('not a folder'), '']]);
      expect(stderr).toContain(`bin/start: Data cannot be stored in DATA_DIR (${folder}).`);
    }
  });

  it('because its disk is full', () => {
    const small = mkdtempSync(join(tmpdir(), 'parley-small-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small]);
    try {
      // Only root may mount a small disk.
      if (mounted.status !== 0) return console.warn('skipped: no small disk can be mounted here');
      const { status, stderr } = runOn(join(small, 'data'));
      expect([status, stderr]).toEqual([
        1,
        `bin/start: pglite: No space is left for ${join(small, 'data/pglite')} (ENOSPC).\n`,
      ]);
    } finally {
      if (mounted.status === 0) spawnSync('umount', [small]);
      rmSync(small, { recursive: true });
    }
  }, 60_000);

  it('and deletes nothing without a confirmation', () => {
    const folder = join(dir, 'kept');
    mkdirSync(folder);
    writeFileSync(join(folder, 'parley-version'), '1\n');
    const { status, stderr } = runOn(folder, '--fresh');
    expect([status, stderr]).toEqual([
      1,
      `bin/start: This deletes everything in ${folder}. There is no terminal to ask at. Add --yes if you mean it.\n`,
    ]);
    expect(existsSync(join(folder, 'parley-version'))).toBe(true);
  });
});

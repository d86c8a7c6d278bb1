import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/* Calls every script of bin/ from another folder, through links, with an environment that confuses shells. */

const bin = resolve('bin');
const scripts = readdirSync(bin, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'lib.sh')
  .map(({ parentPath, name }) => join(parentPath, name).slice(bin.length + 1))
  .sort();

let folder: string;
let hostile: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley links '));
  mkdirSync(join(folder, 'bin'));
  const startUp = join(folder, 'start-up.sh');
  writeFileSync(startUp, 'set -f\ndirname() { echo /nowhere; }\ncd() { return 1; }\n');
  hostile = {
    PATH: process.env.PATH ?? '',
    CDPATH: `${folder}:/:/usr`,
    IFS: '/.b',
    BASH_ENV: startUp,
    'BASH_FUNC_cd%%': '() { builtin cd /; }',
    'BASH_FUNC_awk%%': '() { echo no awk; }',
    'BASH_FUNC_node%%': '() { echo no node; }',
    'BASH_FUNC_readlink%%': '() { echo /nowhere; }',
    GREP_OPTIONS: '-v',
    LC_ALL: 'xx_XX.nonsense',
    DATA_DIR: 'no such folder',
    own_engines: 'maybe',
    self: '/nowhere',
    script: '/nowhere',
    here: '/nowhere',
    PWD: '/nowhere',
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Removes bash's own warning about a missing locale. */
const withoutLocale = (text: string) => text.replace(/^.*setlocale.*\n/gm, '');

test.each(scripts)('bin/%s --help works from any folder, through any link, in any environment', (name) => {
  const plain = spawnSync(join(bin, name), ['--help'], { encoding: 'utf8' });
  expect(plain).toMatchObject({ status: 0, stderr: '' });
  expect(plain.stdout.length).toBeGreaterThan(40);

  const [first, second] = [
    join(folder, `one-${name.replaceAll('/', '-')}`),
    join(folder, 'bin', 'parley two'),
  ];
  rmSync(second, { force: true });
  symlinkSync(join(bin, name), second);
  symlinkSync('bin/parley two', first);
  // Bash reads BASH_ENV, except in POSIX mode.
  for (const env of [hostile, { ...hostile, POSIXLY_CORRECT: '1', SHELLOPTS: 'noglob:nounset:posix' }]) {
    const linked = spawnSync(first, ['-h'], { encoding: 'utf8', env, cwd: folder });
    expect([linked.status, withoutLocale(linked.stderr), linked.stdout]).toEqual([0, '', plain.stdout]);
  }
});

test('a script is found through a link to its folder, and by its bare name', () => {
  const link = join(folder, 'linked folder');
  symlinkSync(join(bin, 'db'), link);
  const linked = spawnSync('./linked folder/drop', ['--help'], { cwd: folder, encoding: 'utf8' });
  const bare = spawnSync('bash', ['drop', '--help'], { cwd: join(bin, 'db'), encoding: 'utf8' });
  expect(linked.stdout).toContain('Drops the database');
  expect(bare.stdout).toBe(linked.stdout);
});

test('a script without its prelude does nothing', () => {
  for (const name of scripts) {
    const copy = join(folder, 'alone/a/b', name);
    cpSync(join(bin, name), copy);
    const { status, stdout, stderr } = spawnSync(copy, [], { cwd: dirname(copy), encoding: 'utf8' });
    expect([name, status, stdout]).toEqual([name, 1, '']);
    expect(stderr).toMatch(/^.*lib\.sh: No such file or directory\n$/);
  }
});

test('every script begins with the same lines', () => {
  const prelude =
    /^set -euo pipefail\nself=.*\nwhile .*\nsource "\$\(command dirname "\$self"\)(\/\.\.){0,2}\/lib\.sh"$/m;
  const found = scripts.map((name) => prelude.exec(readFileSync(join(bin, name), 'utf8'))?.[0]);
  expect(new Set(found.map((lines) => lines?.replaceAll('/..', ''))).size).toBe(1);
});

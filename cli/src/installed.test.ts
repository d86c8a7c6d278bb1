import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { firstMissing, record } from './installed.mjs';

const machine = { platform: 'linux', arch: 'x64', modules: '115' };
const packages = {
  '': { version: '1.0.0' },
  core: { version: '1.0.0' },
  'node_modules/@parley/core': { link: true },
  'node_modules/express': { version: '5.0.0' },
  'frontend/node_modules/vite': { version: '7.0.0' },
  'node_modules/native-linux-x64': { version: '2.0.0', optional: true, os: ['linux'], cpu: ['x64'] },
  'node_modules/native-darwin-arm64': { version: '2.0.0', optional: true, os: ['darwin'], cpu: ['arm64'] },
  'node_modules/native-musl': {
    version: '2.0.0',
    optional: true,
    os: ['linux'],
    cpu: ['x64'],
    libc: ['musl'],
  },
};
const elsewhere = ['node_modules/native-darwin-arm64', 'node_modules/native-musl'];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parley-installed-'));
  write('package-lock.json', { packages });
  install();
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, content: unknown) {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
}

/** The result of npm: packages for other machines are neither installed nor on its list. */
function install(without: string[] = []) {
  const here = Object.entries(packages).filter(([path]) => ![...elsewhere, ...without].includes(path));
  for (const [path, { version }] of here.map(([path, entry]) => [path, { version: '', ...entry }] as const))
    write(join(path, 'package.json'), { version });
  write('node_modules/.package-lock.json', { packages: Object.fromEntries(here) });
}

test('nothing is missing after an install', () => {
  expect(firstMissing(root, machine)).toBeUndefined();
});

test.each<[what: string, harm: () => void, missing: string]>([
  [
    'nothing is installed',
    () => rmSync(join(root, 'node_modules'), { recursive: true }),
    'missing or incomplete',
  ],
  ['an install was interrupted', () => rmSync(join(root, 'node_modules/.package-lock.json')), 'incomplete'],
  [
    'npm did not finish its list',
    () => write('node_modules/.package-lock.json', '{"packages": {'),
    'incomplete',
  ],
  [
    'a package was removed',
    () => rmSync(join(root, 'node_modules/express'), { recursive: true }),
    'express is missing',
  ],
  [
    'packages of a workspace were removed',
    () => rmSync(join(root, 'frontend'), { recursive: true }),
    'vite is missing',
  ],
  [
    'a workspace is not linked',
    () => rmSync(join(root, 'node_modules/@parley'), { recursive: true }),
    '@parley/core is',
  ],
  [
    'a native package was removed',
    () => rmSync(join(root, 'node_modules/native-linux-x64'), { recursive: true }),
    'native-linux-x64 is missing',
  ],
  [
    'the lockfile names another version',
    () =>
      write('package-lock.json', { packages: { ...packages, 'node_modules/express': { version: '5.1.0' } } }),
    'express is not 5.1.0',
  ],
])('it is noticed that %s', (_what, harm, missing) => {
  harm();
  expect(firstMissing(root, machine)).toContain(missing);
});

test('packages installed on another machine or for another Node are installed again', () => {
  record(root, machine);
  expect(firstMissing(root, machine)).toBeUndefined();
  expect(firstMissing(root, { ...machine, modules: '127' })).toContain('for another Node (115, now 127)');
  expect(firstMissing(root, { ...machine, platform: 'darwin', arch: 'arm64' })).toContain(
    'native-darwin-arm64',
  );
});

test('an optional package that npm cannot install is not retried at every start', () => {
  install(['node_modules/native-linux-x64']);
  rmSync(join(root, 'node_modules/native-linux-x64'), { recursive: true });
  expect(firstMissing(root, machine)).toContain('native-linux-x64');
  record(root, machine);
  expect(firstMissing(root, machine)).toBeUndefined();
});

test('the packages of this checkout are complete', () => {
  expect(spawnSync(process.execPath, ['cli/src/installed.mjs'], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stdout: '',
  });
});

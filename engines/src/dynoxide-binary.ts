import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './launch.ts';
import { StartError } from './start-error.ts';

const version = '1.2.1';
export const platform = `${process.platform}-${process.arch}`;
/** Apart from the workspaces' own tree: an `npm install` there would remove a package it does not list. */
const cache = join(root, 'node_modules/.cache/dynoxide', version);
const binaryIn = (folder: string, target: string) =>
  join(folder, `node_modules/@dynoxide/${target}/dynoxide`);

export function dynoxideBinary() {
  if (!installDynoxide()) throw new StartError(`npm has no @dynoxide/${platform}@${version}.`);
  return binaryIn(cache, platform);
}

/**
 * Installs the package of one platform, if it is not there yet: listing those of others as optional dependencies breaks
 * `npm ci`. False if npm has none for the platform.
 */
export function installDynoxide(target = platform, folder = cache) {
  if (existsSync(binaryIn(folder, target))) return true;
  const name = `@dynoxide/${target}@${version}`;
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const install = ['install', '--no-save', '--no-package-lock', '--no-audit', '--prefix', partial, name];
    const { status, stderr, error } = spawnSync('npm', install, { encoding: 'utf8' });
    if (status === 0) {
      if (!existsSync(folder)) renameSync(partial, folder);
      return existsSync(binaryIn(folder, target));
    }
    // No such package, no such version, or one that is not for this machine.
    if (/code (E404|ETARGET|EBADPLATFORM)/.test(stderr)) return false;
    const said = error?.message ?? stderr.trim().split('\n').slice(0, 3).join(' ');
    throw new StartError(`The embedded DynamoDB API (${name}) could not be installed: ${said}`);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

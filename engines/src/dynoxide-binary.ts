import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.ts';

const version = '1.2.1';
export const platform = `${process.platform}-${process.arch}`;
/** Outside the workspaces, because `npm install` removes packages that they do not list. */
const cache = join(import.meta.dirname, '../../node_modules/.cache/dynoxide', version);
const binaryIn = (folder: string, target: string) =>
  join(folder, `node_modules/@dynoxide/${target}/dynoxide`);

export function dynoxideBinary() {
  if (!installDynoxide()) throw new StartError(`npm has no @dynoxide/${platform}@${version}.`);
  return binaryIn(cache, platform);
}

/**
 * Installs the package of one platform if it is missing. Listing all platforms as optional dependencies would break
 * `npm ci`. Returns false if npm has none for the platform.
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
    // npm has no such package or version, or the package does not support this machine.
    if (/code (E404|ETARGET|EBADPLATFORM)/.test(stderr)) return false;
    const reason = error?.message ?? stderr.trim().split('\n').slice(0, 3).join(' ');
    throw new StartError(`The embedded DynamoDB API (${name}) could not be installed: ${reason}`);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

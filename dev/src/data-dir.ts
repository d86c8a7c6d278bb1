import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { closeToOthers } from '../../engines/src/private-files.ts';
import { endStaleIn, identify, isRunning, readPidFile } from '../../engines/src/processes.ts';
import { StartError } from '../../engines/src/start-error.ts';

/** The version of the folder's layout. Raise it together with an upgrade step from the version before. */
export const dataVersion = 1;

/** `upgrades[n]` turns a folder of version n into n + 1. */
export type Upgrade = (dir: string) => void | Promise<void>;
const upgrades: Record<number, Upgrade> = {};

const lockName = 'lock';
const envName = 'env';
const stampName = 'parley-version';

export type DataDirOptions = { fresh?: boolean; version?: number; upgrades?: Record<number, Upgrade> };

/** The next start ends every process that a file in this folder names, if it still runs. */
export const pidFolder = (dir: string) => join(dir, 'pids');

/** Whether --fresh has anything to delete. */
export const hasData = (dir: string) => existsSync(join(dir, stampName));

/**
 * Locks the folder while this process runs, and upgrades it to the version of this code. `closed` counts its files that
 * other users of the machine could read or write until now.
 */
export async function openDataDir(dir: string, options: DataDirOptions = {}) {
  const { fresh = false, version = dataVersion, upgrades: steps = upgrades } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = readVersion(dir);
  // Only after `readVersion`, which throws for a folder that is not Parley's.
  const closed = closeToOthers(realpathSync(dir));
  const release = takeLock(dir);
  try {
    await endStaleIn(pidFolder(dir));
    if (fresh) empty(dir);
    if (fresh || found === undefined) stamp(dir, version);
    else await upgrade(dir, found, version, steps);
  } catch (error) {
    release();
    throw error;
  }
  return { release, closed };
}

/**
 * The version in the stamp, or undefined for an empty folder. Throws for any other folder, because it is not Parley's.
 */
function readVersion(dir: string) {
  const version = read(join(dir, stampName));
  if (version !== undefined && /^\d+\n$/.test(version)) return Number(version);
  if (version === undefined && readdirSync(dir).every((name) => name.startsWith(lockName))) return undefined;
  throw new StartError(`${dir} holds files that are not Parley's. Set DATA_DIR to a new folder.`);
}

function stamp(dir: string, version: number) {
  writeFileSync(join(dir, stampName), `${version}\n`);
}

/**
 * The lock names its process. The lock of an ended process is moved aside before a new one is created. If another start
 * was faster, the moved lock belongs to a running process and is put back.
 */
function takeLock(dir: string) {
  const path = join(dir, lockName);
  const own = JSON.stringify(identify(process.pid));
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      writeFileSync(path, own, { flag: 'wx' });
      return () => {
        if (read(path) === own) rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readPidFile(path);
    if (holder && isRunning(holder)) {
      throw new StartError(`Parley is running on ${dir} already (process ${holder.pid}).`);
    }
    moveStaleAside(path);
  }
  throw new StartError(`${path} could not be locked. Remove it if no bin/start is running.`);
}

function moveStaleAside(path: string) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    const holder = readPidFile(aside);
    if (holder && isRunning(holder)) linkSync(aside, path);
  } catch {
    // Another start was faster. The next attempt reads its lock.
  }
  rmSync(aside, { force: true });
}

function empty(dir: string) {
  for (const name of readdirSync(dir)) {
    if (name !== lockName) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

async function upgrade(dir: string, found: number, version: number, steps: Record<number, Upgrade>) {
  if (found > version) {
    throw new StartError(
      `${dir} has version ${found}, but this Parley supports only ${version}. Update Parley, or use another DATA_DIR.`,
    );
  }
  for (let current = found; current < version; current++) {
    const step = steps[current];
    if (!step) {
      throw new StartError(
        `${dir} has version ${found}, which is too old to upgrade. Delete the data with --fresh.`,
      );
    }
    await step(dir);
    stamp(dir, current + 1);
  }
}

/** Created once and stored, so that page cursors survive a restart. */
export function storedSecret(dir: string, name: string) {
  const path = join(dir, name);
  const stored = read(path)?.trim();
  if (stored) return stored;
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return secret;
}

/** Scripts in bin/ find a running system through this file. A shell can source it. */
export function writeEnvFile(dir: string, env: Record<string, string>) {
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  writeFileSync(join(dir, envName), lines.join(''), { mode: 0o600 });
}

export function removeEnvFile(dir: string) {
  rmSync(join(dir, envName), { force: true });
}

function read(path: string) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

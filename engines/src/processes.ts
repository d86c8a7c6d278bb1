import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process. Its start time distinguishes it from a later one with the same pid. */
export type ProcessIdentity = { pid: number; started: string };

export function identify(pid: number): ProcessIdentity | null {
  const started = process.platform === 'linux' ? linuxStart(pid) : psStart(pid);
  return started ? { pid, started } : null;
}

export function isRunning(identity: ProcessIdentity) {
  return identify(identity.pid)?.started === identity.started;
}

export function writePidFile(path: string, pid: number) {
  const identity = identify(pid);
  if (!identity) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(identity));
}

export function readPidFile(path: string): ProcessIdentity | null {
  try {
    const identity = JSON.parse(readFileSync(path, 'utf8'));
    return Number.isInteger(identity?.pid) && typeof identity.started === 'string' ? identity : null;
  } catch {
    return null;
  }
}

/** Ends the process of a pid file, if that pid still belongs to it, and removes the file. */
export async function endStale(path: string, graceMs = 3_000) {
  const identity = readPidFile(path);
  if (identity && isRunning(identity)) await end(identity, graceMs);
  rmSync(path, { force: true });
}

/** Ends every process that a pid file of the folder names, because an earlier run left it behind. */
export async function endStaleIn(folder: string) {
  if (!existsSync(folder)) return;
  await Promise.all(readdirSync(folder).map((name) => endStale(join(folder, name))));
}

async function end(identity: ProcessIdentity, graceMs: number) {
  const deadline = performance.now() + graceMs;
  signal(identity, 'SIGTERM');
  while (isRunning(identity)) {
    if (performance.now() > deadline) signal(identity, 'SIGKILL');
    await sleep(25);
  }
}

function signal({ pid }: ProcessIdentity, name: NodeJS.Signals) {
  try {
    process.kill(pid, name);
  } catch {
    // The process has already ended.
  }
}

/** Start in clock ticks since boot. A zombie counts as ended. */
function linuxStart(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses, which may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return null;
  }
}

function psStart(pid: number) {
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }).trim() || null;
  } catch {
    return null;
  }
}

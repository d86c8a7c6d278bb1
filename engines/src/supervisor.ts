import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { pidFolder } from './data-dir.ts';
import {
  type EngineName,
  type EngineOptions,
  engineUrl,
  forkEngine,
  killGroup,
  root,
  stopChild,
} from './launch.ts';
import { writePidFile } from './processes.ts';

const stopGraceMs = 10_000;
const logBytesKept = 10_000_000;

export type SupervisorOptions = {
  dataDir: string;
  /** Stopped in this order; those of one row together. */
  stopOrder: readonly (readonly string[])[];
  /** Told of a warning or an error that a child logged. */
  onWarning(line: string): void;
  /** Told once of a child that ended by itself. */
  onCrash(line: string): void;
};

/** Keeps the processes of a running system: their logs, their pid files, their end. */
export function createSupervisor({ dataDir, stopOrder, onWarning, onCrash }: SupervisorOptions) {
  const children = new Map<string, ChildProcess>();
  const written: Promise<void>[] = [];
  const logs = join(dataDir, 'logs');
  const pids = pidFolder(dataDir);
  mkdirSync(logs, { recursive: true });
  let stopping = false;

  function adopt(name: string, child: ChildProcess, leastLevel = 40) {
    children.set(name, child);
    if (child.pid) writePidFile(join(pids, `${name}.pid`), child.pid);
    const path = join(logs, `${name}.log`);
    keepOneOldLog(path);
    const log = createWriteStream(path, { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        const warning = readWarning(line, leastLevel);
        if (warning && !stopping) onWarning(`${name}: ${warning}`);
      });
    }
    child.once('close', () => log.end());
    written.push(finished(log).catch(() => {}));
    child.once('exit', (code, signal) => {
      killGroup(child);
      rmSync(join(pids, `${name}.pid`), { force: true });
      if (stopping) return;
      stopping = true;
      onCrash(`${name} ended unexpectedly (${signal ?? `code ${code}`}). Its log: ${path}`);
    });
    return child;
  }

  function assertRunning() {
    if (stopping) throw new Error('stopping');
  }

  return {
    /** Resolves with the engine's address. */
    engine<Name extends EngineName>(name: Name, options: EngineOptions[Name], leastLevel?: number) {
      assertRunning();
      const child = forkEngine(name, options, ['ignore', 'pipe', 'pipe', 'ipc']);
      const url = engineUrl(adopt(name, child, leastLevel));
      // Nobody may be waiting for it yet.
      url.catch(() => {});
      return url;
    },
    service(name: string, path: string, env: NodeJS.ProcessEnv) {
      assertRunning();
      const child = fork(join(root, path), [], {
        cwd: root,
        env,
        execArgv: ['--import', 'tsx'],
        // A session of its own: a terminal's signals reach the supervisor alone, which stops all in order.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      adopt(name, child);
    },
    async stop() {
      stopping = true;
      for (const names of stopOrder) await Promise.all(names.map(stopNamed));
      await Promise.all(written);
    },
    kill() {
      for (const child of children.values()) killGroup(child);
    },
  };

  async function stopNamed(name: string) {
    const child = children.get(name);
    if (child) await stopChild(child, stopGraceMs);
  }
}

const warningLevel = /"level":(?:([456])0|"(warn|error|fatal)")/;

function readWarning(line: string, leastLevel: number) {
  const found = warningLevel.exec(line);
  if (!found) return undefined;
  const level = found[1] ? Number(found[1]) * 10 : { warn: 40, error: 50, fatal: 60 }[found[2] ?? ''];
  if (!level || level < leastLevel) return undefined;
  try {
    const { msg, message, err } = JSON.parse(line);
    return [msg ?? message, err?.message].filter(Boolean).join(': ') || line;
  } catch {
    return line;
  }
}

function keepOneOldLog(path: string) {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesKept) renameSync(path, `${path}.1`);
}

export type Supervisor = ReturnType<typeof createSupervisor>;

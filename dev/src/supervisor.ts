import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EngineName,
  type EngineOptions,
  engineUrl,
  forkEngine,
  killGroup,
  root,
  stopChild,
} from '../../engines/src/launch.ts';
import { writePidFile } from '../../engines/src/processes.ts';
import { pidFolder } from './data-dir.ts';
import { openPartLog, type PartLog, readWarning } from './part-log.ts';
import { createRestarts, type RestartLimits, type Restarts } from './restarts.ts';

const stopGraceMs = 10_000;
const warnLevel = 40;

export type SupervisorOptions = {
  dataDir: string;
  /** Stopped in this order; those of one row together. */
  stopOrder: readonly (readonly string[])[];
  /** Gets each warning that a child logs, and each restart. */
  onWarning(line: string): void;
  /** Called once, when a child ended that is not started again. */
  onCrash(line: string): void;
  restarts?: RestartLimits;
};

/** One process of the system, over all its restarts. */
type Part = {
  name: string;
  fork(): ChildProcess;
  /** Resolves when a restarted process serves again. */
  answers(child: ChildProcess): Promise<unknown>;
  leastLevel: number;
  log: PartLog;
  restarts: Restarts;
  child?: ChildProcess;
  closed?: Promise<unknown>;
};

/**
 * Runs the processes of a system: their logs, their pid files, their restarts, their end.
 *
 * Until `keepAlive` is called, a process that ends by itself is a crash: the system is not up yet, and what is wrong
 * needs a person. Afterwards it is started again, until it fails too often.
 */
export function createSupervisor(options: SupervisorOptions) {
  const { dataDir, stopOrder, onWarning, onCrash } = options;
  const parts = new Map<string, Part>();
  const pids = pidFolder(dataDir);
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true });
  const stopping = new AbortController();
  let restartsParts = false;

  function add(name: string, { leastLevel = warnLevel, ...process }: Pick<Part, 'fork' | 'answers'> & Level) {
    if (stopping.signal.aborted) throw new Error('stopping');
    const log = openPartLog(join(logs, `${name}.log`));
    const part: Part = { name, leastLevel, log, restarts: createRestarts(options.restarts), ...process };
    parts.set(name, part);
    return part;
  }

  function run(part: Part) {
    const child = part.fork();
    const pidFile = join(pids, `${part.name}.pid`);
    part.child = child;
    child.once('error', (error) => {
      if (child.pid === undefined && !stopping.signal.aborted) ended(part, `not started: ${error}`);
    });
    part.closed = new Promise((resolve) => child.once('close', resolve));
    if (child.pid) writePidFile(pidFile, child.pid);
    part.log.follow(child, (line) => {
      const warning = readWarning(line, part.leastLevel);
      if (warning && !stopping.signal.aborted) onWarning(`${part.name}: ${warning}`);
    });
    child.once('exit', (code, signal) => {
      killGroup(child);
      rmSync(pidFile, { force: true });
      if (!stopping.signal.aborted) ended(part, signal ?? `code ${code}`);
    });
    return child;
  }

  /** A machine without memory or processes to spare may refuse a start: one that failed counts as an end. */
  function runOrEnd(part: Part) {
    try {
      return run(part);
    } catch (error) {
      ended(part, `not started: ${error}`);
      return undefined;
    }
  }

  function ended(part: Part, how: string) {
    const what = `${part.name} ended unexpectedly (${how})`;
    const delayMs = restartsParts ? part.restarts.next(performance.now()) : undefined;
    if (delayMs === undefined) {
      stopping.abort();
      const why = restartsParts ? `, after ${part.restarts.limit}: everything stops` : '';
      onCrash(`${what}${why}. Its log: ${part.log.path}`);
      return;
    }
    announce(part, `${what}. It starts again in ${delayMs / 1_000} s. Its log: ${part.log.path}`);
    void restart(part, delayMs);
  }

  async function restart(part: Part, delayMs: number) {
    await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (stopping.signal.aborted) return;
    const child = runOrEnd(part);
    if (!child) return;
    try {
      await part.answers(child);
      if (part.child === child && !stopping.signal.aborted) announce(part, `${part.name} runs again.`);
    } catch (error) {
      // Its end is dealt with where it exits; here is only why.
      if (!stopping.signal.aborted) announce(part, `${part.name} does not answer: ${error}`);
    }
  }

  function announce(part: Part, line: string) {
    part.log.note(line);
    onWarning(line);
  }

  async function stopNamed(name: string) {
    const child = parts.get(name)?.child;
    if (child) await stopChild(child, stopGraceMs);
  }

  return {
    /** Resolves with the engine's address. */
    engine<Name extends EngineName>(name: Name, engine: EngineOptions[Name], leastLevel?: number) {
      const start = () => forkEngine(name, engine, ['ignore', 'pipe', 'pipe', 'ipc']);
      const part = add(name, { fork: start, answers: engineUrl, leastLevel });
      const url = engineUrl(run(part));
      // Nobody may be waiting for it yet.
      url.catch(() => {});
      return url;
    },
    /** `answers` resolves when the service can be used. */
    service(name: string, path: string, env: NodeJS.ProcessEnv, answers: () => Promise<unknown>) {
      run(add(name, { fork: () => forkService(path, env), answers }));
    },
    keepAlive() {
      restartsParts = true;
    },
    async stop() {
      stopping.abort();
      for (const names of stopOrder) await Promise.all(names.map(stopNamed));
      await Promise.all([...parts.values()].map(({ closed, log }) => log.close(closed)));
    },
    kill() {
      for (const { child } of parts.values()) if (child) killGroup(child);
    },
  };
}

type Level = { leastLevel?: number | undefined };

function forkService(path: string, env: NodeJS.ProcessEnv) {
  return fork(resolve(root, path), [], {
    cwd: root,
    env,
    execArgv: ['--import', 'tsx'],
    // A session of its own: a terminal's signals reach the supervisor alone, which stops all in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

export type Supervisor = ReturnType<typeof createSupervisor>;

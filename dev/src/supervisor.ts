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
  /** The order in which parts stop. Parts of one row stop together. */
  stopOrder: readonly (readonly string[])[];
  /** Receives each warning that a child logs, and each restart. */
  onWarning(line: string): void;
  /** Called once, when a child has ended and is not restarted. */
  onCrash(line: string): void;
  restarts?: RestartLimits;
};

/** One process of the system, across all its restarts. */
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

/** What all parts share. */
type State = {
  options: SupervisorOptions;
  parts: Map<string, Part>;
  stopping: AbortController;
  restartsParts: boolean;
};

/**
 * Runs the processes of a system, with their logs, pid files, restarts and end.
 *
 * Until `keepAlive` is called, a process that ends by itself is a crash, because a system that does not start needs a
 * person. After that it is restarted until it fails too often.
 */
export function createSupervisor(options: SupervisorOptions) {
  const state: State = {
    options,
    parts: new Map(),
    stopping: new AbortController(),
    restartsParts: false,
  };
  const { parts, stopping } = state;
  mkdirSync(logFolder(options), { recursive: true });

  async function stopNamed(name: string) {
    const child = parts.get(name)?.child;
    if (child) await stopChild(child, stopGraceMs);
  }

  return {
    /** Resolves with the engine's address. */
    engine<Name extends EngineName>(name: Name, engine: EngineOptions[Name], leastLevel?: number) {
      const start = () => forkEngine(name, engine, ['ignore', 'pipe', 'pipe', 'ipc']);
      const part = add(state, name, { fork: start, answers: engineUrl, leastLevel });
      const url = engineUrl(run(state, part));
      // The caller may not await the address yet.
      url.catch(() => {});
      return url;
    },
    /** `answers` resolves when the service can be used. */
    service(name: string, path: string, env: NodeJS.ProcessEnv, answers: () => Promise<unknown>) {
      run(state, add(state, name, { fork: () => forkService(path, env), answers }));
    },
    keepAlive() {
      state.restartsParts = true;
    },
    async stop() {
      stopping.abort();
      for (const names of options.stopOrder) await Promise.all(names.map(stopNamed));
      await Promise.all([...parts.values()].map(({ closed, log }) => log.close(closed)));
    },
    kill() {
      for (const { child } of parts.values()) if (child) killGroup(child);
    },
  };
}

const logFolder = ({ dataDir }: SupervisorOptions) => join(dataDir, 'logs');

function add(
  { options, parts, stopping }: State,
  name: string,
  { leastLevel = warnLevel, ...process }: Pick<Part, 'fork' | 'answers'> & Level,
) {
  if (stopping.signal.aborted) throw new Error('stopping');
  const log = openPartLog(join(logFolder(options), `${name}.log`));
  const part: Part = { name, leastLevel, log, restarts: createRestarts(options.restarts), ...process };
  parts.set(name, part);
  return part;
}

function run(state: State, part: Part) {
  const { options, stopping } = state;
  const child = part.fork();
  const pidFile = join(pidFolder(options.dataDir), `${part.name}.pid`);
  part.child = child;
  child.once('error', (error) => {
    if (child.pid === undefined && !stopping.signal.aborted) ended(state, part, `not started: ${error}`);
  });
  part.closed = new Promise((resolve) => child.once('close', resolve));
  if (child.pid) writePidFile(pidFile, child.pid);
  part.log.follow(child, (line) => {
    const warning = readWarning(line, part.leastLevel);
    if (warning && !stopping.signal.aborted) options.onWarning(`${part.name}: ${warning}`);
  });
  child.once('exit', (code, signal) => {
    killGroup(child);
    rmSync(pidFile, { force: true });
    if (!stopping.signal.aborted) ended(state, part, signal ?? `code ${code}`);
  });
  return child;
}

/** A machine short of memory or processes may refuse to start one. A refused start counts as an end. */
function runOrEnd(state: State, part: Part) {
  try {
    return run(state, part);
  } catch (error) {
    ended(state, part, `not started: ${error}`);
    return undefined;
  }
}

function ended(state: State, part: Part, how: string) {
  const { options, stopping, restartsParts } = state;
  const what = `${part.name} ended unexpectedly (${how})`;
  const delayMs = restartsParts ? part.restarts.next(performance.now()) : undefined;
  if (delayMs === undefined) {
    stopping.abort();
    const why = restartsParts ? `, after ${part.restarts.limit}. Everything stops` : '';
    options.onCrash(`${what}${why}. Log: ${part.log.path}`);
    return;
  }
  announce(state, part, `${what}. It restarts in ${delayMs / 1_000} s. Log: ${part.log.path}`);
  void restart(state, part, delayMs);
}

async function restart(state: State, part: Part, delayMs: number) {
  const { signal } = state.stopping;
  await sleep(delayMs, undefined, { signal }).catch(() => {});
  if (signal.aborted) return;
  const child = runOrEnd(state, part);
  if (!child) return;
  try {
    await part.answers(child);
    if (part.child === child && !signal.aborted) announce(state, part, `${part.name} is running again.`);
  } catch (error) {
    // The handler of its exit acts on the end. This line only gives the reason.
    if (!signal.aborted) announce(state, part, `${part.name} does not answer: ${error}`);
  }
}

function announce({ options }: State, part: Part, line: string) {
  part.log.append(line);
  options.onWarning(line);
}

type Level = { leastLevel?: number | undefined };

function forkService(path: string, env: NodeJS.ProcessEnv) {
  return fork(resolve(root, path), [], {
    cwd: root,
    env,
    execArgv: ['--import', 'tsx'],
    // In its own session: a terminal's signals reach only the supervisor, which stops everything in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

export type Supervisor = ReturnType<typeof createSupervisor>;

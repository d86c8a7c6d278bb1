import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup } from '@parley/engines/launch';

const readyTimeoutMs = 60_000;

export type ServiceOptions = {
  name: string;
  /** Forks it in a group of its own. */
  fork: () => ChildProcess;
  /** Resolves when the process serves, and rejects if it does not. */
  ready: (child: ChildProcess) => Promise<unknown>;
};

/** A process that can be killed, paused and restarted. These calls run one after the other. */
export type Service = ReturnType<typeof createService>;

export function createService({ name, fork, ready }: ServiceOptions) {
  let child: ChildProcess | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isExpected = true;
  let crash: string | undefined;

  async function start() {
    const started = fork();
    child = started;
    isExpected = false;
    started.once('exit', (code, signal) => {
      if (!isExpected && child === started) crash = `${name} ended by itself (${signal ?? `code ${code}`})`;
    });
    await withDeadline(ready(started), `${name} did not start`);
  }

  async function kill() {
    const killed = child;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    isExpected = true;
    const exited = new Promise((resolve) => killed.once('exit', resolve));
    killGroup(killed);
    await exited;
  }

  function signal(name: NodeJS.Signals) {
    if (child?.pid) process.kill(-child.pid, name);
  }

  /** Runs work after all earlier work. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  }

  return {
    name,
    start: () => enqueue(start),
    kill: () => enqueue(kill),
    send: (message: object) =>
      enqueue(async () => {
        if (child?.connected) child.send(message);
      }),
    /**
     * Kills the process with SIGKILL and restarts it after a pause. `began` is called at the kill. Resolves when it
     * serves.
     */
    restart: (afterMs: number, began: () => void) =>
      enqueue(async () => {
        began();
        await kill();
        await sleep(afterMs);
        await start();
      }),
    pause: (forMs: number, began: () => void) =>
      enqueue(async () => {
        began();
        signal('SIGSTOP');
        await sleep(forMs);
        signal('SIGCONT');
      }),
    /** Throws if the process ended by itself. */
    assertAlive() {
      if (crash) throw new Error(crash);
    },
  };
}

async function withDeadline<T>(work: Promise<T>, message: string): Promise<T> {
  const late = sleep(readyTimeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`${message} within ${readyTimeoutMs / 1_000} s`);
  });
  return Promise.race([work, late]);
}

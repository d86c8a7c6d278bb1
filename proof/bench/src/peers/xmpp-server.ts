import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopChild } from '@parley/engines/launch';
import getPort from 'get-port';
import type { Load, LoadResult } from '../load/drive.ts';
import type { XmppPlan } from '../load/xmpp.ts';
import { atExit, processTree, temporaryFolder } from '../processes.ts';
import { type Competitor, measureLoad } from '../rounds.ts';
import { startWorker } from '../worker.ts';
import { type PeerPostgres, startPostgres } from './postgres.ts';

export type XmppServer = {
  name: string;
  /** Debian's packages that it needs. */
  packages: string[];
  /** Prepares folder and database, and returns the command that runs the server in the foreground. */
  prepare: (place: {
    folder: string;
    port: number;
    postgres: PeerPostgres;
    accounts: string[];
  }) => Promise<{ command: string; args: string[]; options?: SpawnOptions }>;
};

/** The password of every account. */
export const password = 'bench';
const startTimeoutMs = 30_000;

/**
 * Starts an XMPP server with its archive on its own Postgres, and signs pairs of people in. Logs that it is skipped if it
 * is not installed.
 */
export async function openXmpp(
  server: XmppServer,
  pairs: number,
  log: (line: string) => void,
): Promise<Competitor | undefined> {
  if (!areInstalled(server.packages)) {
    log(`skipped: ${server.name} (apt-get install ${server.packages.join(' ')})`);
    return undefined;
  }
  const postgres = startPostgres();
  const { path: folder, remove } = temporaryFolder();
  const load = startWorker<{ plan: XmppPlan } | { load: Load }, LoadResult>('load/xmpp.ts');
  let child: ChildProcess | undefined;
  async function stop() {
    await load.stop();
    if (child) await stopChild(child);
    postgres.stop();
    remove();
  }
  try {
    const port = await getPort();
    const accounts = Array.from({ length: 2 * pairs }, (_, index) => `person${index}`);
    const { command, args, options } = await server.prepare({ folder, port, postgres, accounts });
    // Detached: `stopChild` kills the whole process group if the server ignores SIGTERM.
    child = spawn(command, args, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
      ...options,
    });
    const { pid = 0 } = child;
    atExit(() => child?.kill('SIGKILL'));
    await waitUntilListening(port, child);
    await load.ask({ plan: { port, accounts, password } });
    return {
      name: server.name,
      measure: (question) =>
        measureLoad(load, question, {
          [server.name]: processTree(pid),
          [`Postgres of ${server.name}`]: postgres.pids(),
          [`load of ${server.name}`]: [load.pid],
        }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function areInstalled(packages: string[]): boolean {
  const { stdout } = spawnSync('dpkg', ['--status', ...packages], { encoding: 'utf8' });
  return stdout?.match(/^Status: install ok installed$/gm)?.length === packages.length;
}

async function waitUntilListening(port: number, child: ChildProcess) {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error('the XMPP server did not start');
    await sleep(50);
  }
}

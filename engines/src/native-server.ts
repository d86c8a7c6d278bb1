import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { endStale, writePidFile } from './processes.ts';

export type NativeServer = {
  /** The name in messages. */
  name: string;
  command: string;
  args: string[];
  /** The folder for its own files. */
  cwd?: string;
  /** Holds the server's pid, so that the next start can end a server that outlived us. */
  pidFile?: string | undefined;
  /** The address it listens on, 127.0.0.1 by default. */
  host?: string;
  port: number;
  /** Turns the output of a known failure into a clear line. */
  explain?(output: string): string | undefined;
};

const maxLines = 20;
const pollMs = 25;

/** Runs a native program and resolves once it listens on its port. */
export async function startNativeServer(server: NativeServer, log: (line: string) => void) {
  if (server.pidFile) await endStale(server.pidFile);
  // Otherwise another program on this port would pass for the server.
  if (await canConnect(server))
    throw new Error(`${server.name} cannot start: port ${server.port} is already in use.`);
  const child = spawn(server.command, server.args, {
    cwd: server.cwd ?? process.cwd(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines = collectLines(child, log);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => reject(new Error(`${server.name} ended (${signal ?? code})`)));
  });
  // A failure that nobody awaits must not end this process.
  failed.catch(() => {});
  const stop = async () => {
    child.kill('SIGTERM');
    await failed.catch(() => {});
    if (server.pidFile) await endStale(server.pidFile);
  };
  try {
    // Written first, because the next start must find a server that outlives this process.
    if (server.pidFile && child.pid) writePidFile(server.pidFile, child.pid);
    await Promise.race([listening(server, child), failed]);
  } catch (error) {
    await stop();
    const text = lastLines.join('\n').trim();
    if (!text) throw error;
    throw new Error(server.explain?.(text) ?? `${server.name} ended during its start: ${text}`, {
      cause: error,
    });
  }
  return { failed, stop };
}

function collectLines(child: ChildProcess, log: (line: string) => void) {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (lines.push(line) > maxLines) lines.shift();
      log(line);
    });
  }
  return lines;
}

async function listening(server: NativeServer, child: ChildProcess) {
  while (child.exitCode === null && child.signalCode === null && !(await canConnect(server)))
    await sleep(pollMs);
}

function canConnect({ host = '127.0.0.1', port }: NativeServer) {
  return new Promise<boolean>((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

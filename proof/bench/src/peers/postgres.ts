import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopChild } from '@parley/engines/launch';
import getPort from 'get-port';
import pg from 'pg';
import { killAtExit, removeAtExit } from '../at-exit.ts';
import { descendants } from '../cpu.ts';

const installed = '/usr/lib/postgresql';
const startTimeoutMs = 20_000;

/** The programs of Debian's newest Postgres, or undefined if none is installed. */
function binaries(): string | undefined {
  if (!existsSync(installed)) return undefined;
  const folders = readdirSync(installed).sort((a, b) => Number(b) - Number(a));
  return folders
    .map((version) => join(installed, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** The account of Debian's package, because Postgres refuses to run as root. */
function account(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts a Postgres with its default durability (fsync on) in a temporary folder, or returns undefined if none is installed. */
export async function startPostgres() {
  const bin = binaries();
  if (!bin) return undefined;
  const { uid, gid } = account();
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-postgres-'));
  removeAtExit(folder);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const data = join(folder, 'data');
  const port = await getPort();
  const options = { uid, gid, cwd: folder, stdio: 'ignore' as const };
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    options,
  );
  const settings = ['-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...settings], { ...options, detached: true });
  killAtExit(child);
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;

  async function query(...statements: string[]) {
    const client = new pg.Client(url);
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async function stop() {
    // With SIGTERM the server would wait for its clients.
    child.kill('SIGINT');
    await stopChild(child);
    rmSync(folder, { recursive: true, force: true });
  }

  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    try {
      await query('select 1');
      return { port, query, stop, pids: () => [child.pid ?? 0, ...descendants(child.pid ?? 0)] };
    } catch (error) {
      if (performance.now() > deadline) {
        await stop();
        throw error;
      }
      await sleep(50);
    }
  }
}

export type PeerPostgres = NonNullable<Awaited<ReturnType<typeof startPostgres>>>;

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@parley/engines/launch';
import pg from 'pg';
import { atExit, processTree, temporaryFolder } from '../processes.ts';

const script = join(root, 'bin/test-postgres');

/** Starts Debian's Postgres with its default durability (fsync on). */
export function startPostgres() {
  const { path: folder } = temporaryFolder();
  // It removes the folder, too.
  const stop = () => spawnSync(script, ['stop', folder]);
  atExit(stop);
  const printed = execFileSync(script, ['start', folder, 'durable'], { encoding: 'utf8' });
  const url = new URL(/TEST_DATABASE_URL_1=(\S+)/.exec(printed)?.[1] ?? '');
  const pid = Number.parseInt(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8'), 10);
  return {
    port: Number(url.port),
    user: url.username,
    database: url.pathname.slice(1),
    stop,
    pids: () => processTree(pid),
    async query(...statements: string[]) {
      const client = new pg.Client(url.href);
      await client.connect();
      try {
        for (const statement of statements) await client.query(statement);
      } finally {
        await client.end();
      }
    },
  };
}

export type PeerPostgres = ReturnType<typeof startPostgres>;

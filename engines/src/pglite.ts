import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgliteServer } from './pglite-server.ts';
import { closeToOthers } from './private-files.ts';

export type PgliteOptions = {
  port: number;
  /** Where the database is kept; without it, in memory. */
  dir?: string;
  /** A dump of a fresh database: loading it takes a tenth of the time of making one. */
  template?: string | undefined;
  /** How long a silent connection may keep the session from others. */
  idleLimitMs?: number;
};

/** Runs Postgres as WebAssembly behind its wire protocol. All connections share one session, in turns. */
export async function startPglite({ port, dir, template, idleLimitMs }: PgliteOptions) {
  const isNew = !dir || prepareFolder(dir);
  const loadDataDir = isNew && template && new Blob([readFileSync(template)]);
  const db = await PGlite.create({
    ...(dir && { dataDir: dir }),
    ...(loadDataDir && { loadDataDir }),
  }).catch((error) => {
    throw systemError(error, dir);
  });
  if (dir) {
    writeFileSync(createdMark(dir), '');
    // It gives what it unpacks the rights of its template, whatever this process is told.
    closeToOthers(dir);
  }
  const server = await createPgliteServer(db, { idleLimitMs });
  await server.listen(port);
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    failed: server.failed,
    async stop() {
      await server.close();
      await db.close();
    },
  };
}

/** Errors of WebAssembly's file system have a number of their own and no text. */
const wasmCodes: Record<number, string> = {
  2: 'EACCES',
  19: 'EDQUOT',
  29: 'EIO',
  33: 'EMFILE',
  51: 'ENOSPC',
  63: 'EPERM',
  69: 'EROFS',
};

function systemError(error: { name?: string; errno?: number }, path = 'memory') {
  if (error.name !== 'ErrnoError') return error;
  const code = wasmCodes[error.errno ?? 0] ?? `WASI error ${error.errno}`;
  return Object.assign(new Error(`${code}: ${path}`, { cause: error }), { code, path });
}

const createdMark = (dir: string) => `${dir}.created`;

/** Whether the database must be made. One that was interrupted while it was made is thrown away. */
function prepareFolder(dir: string) {
  if (existsSync(createdMark(dir))) return false;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dirname(dir), { recursive: true });
  return true;
}

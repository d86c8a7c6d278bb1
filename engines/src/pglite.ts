import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgliteServer } from './pglite-server.ts';
import { closeToOthers } from './private-files.ts';

export type PgliteOptions = {
  port: number;
  /** The folder of the database. In memory by default. */
  dir?: string;
  /** A dump of a fresh database. Loading it takes a tenth of the time of creating one. */
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
    // PGlite unpacks files with the rights in its template, and ignores the umask.
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

/** Errors of WebAssembly's file system have only a number of their own. */
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

/** Returns whether the database must be created. Deletes one whose creation was interrupted. */
function prepareFolder(dir: string) {
  if (existsSync(createdMark(dir))) return false;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dirname(dir), { recursive: true });
  return true;
}

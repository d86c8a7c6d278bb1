import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgliteServer } from './pglite-server.ts';

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
  const db = await PGlite.create({
    ...(dir && { dataDir: dir }),
    ...(isNew && template && { loadDataDir: new Blob([readFileSync(template)]) }),
  });
  if (dir) writeFileSync(createdMark(dir), '');
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

const createdMark = (dir: string) => `${dir}.created`;

/** Whether the database must be made. One that was interrupted while it was made is thrown away. */
function prepareFolder(dir: string) {
  if (existsSync(createdMark(dir))) return false;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dirname(dir), { recursive: true });
  return true;
}

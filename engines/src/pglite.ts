import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgliteServer } from './pglite-server.ts';

export type PgliteOptions = {
  port: number;
  /** Where the database is kept; without it, in memory. */
  dir?: string;
  /** A dump of a fresh database: loading it takes a tenth of the time of making one. */
  template?: string;
};

/** Runs Postgres as WebAssembly behind its wire protocol. All connections share one session. */
export async function startPglite({ port, dir, template }: PgliteOptions) {
  if (dir) mkdirSync(dirname(dir), { recursive: true });
  const db = await PGlite.create({
    ...(dir && { dataDir: dir }),
    ...(template && { loadDataDir: new Blob([readFileSync(template)]) }),
  });
  const server = createPgliteServer(db);
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

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './launch.ts';

const { dependencies } = JSON.parse(readFileSync(join(root, 'engines/package.json'), 'utf8'));
const folder = join(root, 'node_modules/.cache/pglite');
/** A dump of a fresh database, stored beside the packages. */
export const pgliteTemplate = join(folder, `${dependencies['@electric-sql/pglite']}.tar`);

/** Creates the dump if it is missing, which takes 4 s. */
export async function makePgliteTemplate() {
  if (existsSync(pgliteTemplate)) return pgliteTemplate;
  const { PGlite } = await import('@electric-sql/pglite');
  const db = await PGlite.create();
  const dump = await db.dumpDataDir('none');
  await db.close();
  mkdirSync(folder, { recursive: true });
  const partial = `${pgliteTemplate}.${process.pid}`;
  writeFileSync(partial, Buffer.from(await dump.arrayBuffer()));
  renameSync(partial, pgliteTemplate);
  return pgliteTemplate;
}

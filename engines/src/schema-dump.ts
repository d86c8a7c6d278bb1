import { readFileSync, writeFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { migrate, migrationsTable } from '@parley/core/database/database';
import getPort from 'get-port';
import { createPgliteServer } from './pglite-server.ts';
import { makePgliteTemplate } from './pglite-template.ts';

const head = `-- The schema that the migrations make, for reading and for bin/db/schema-load.
-- Made by bin/db/schema-dump from an empty database; do not edit.
`;

/** Migrates an empty database in memory and dumps it. Returns the text of db/schema.sql, on any machine with Node. */
export async function dumpSchema() {
  const db = await PGlite.create({ loadDataDir: new Blob([readFileSync(await makePgliteTemplate())]) });
  const server = await createPgliteServer(db);
  const port = await getPort();
  await server.listen(port);
  await migrate(`postgres://postgres@127.0.0.1:${port}/postgres`);
  await server.close();
  const dump = await pgDump({ pg: db, args: ['--schema-only', '--no-owner', '--no-privileges'] });
  const { rows } = await db.query<{ name: string }>(`select name from ${migrationsTable} order by id`);
  await db.close();
  return head + definitions(await dump.text()) + appliedMigrations(rows.map(({ name }) => name));
}

/**
 * The statements that any server from 15 on accepts, without settings. All connections of the embedded engine share one
 * session, so a setting (above all an empty search_path) would affect every connection.
 */
function definitions(dump: string) {
  const text = dump
    .replace(/^(\\(un)?restrict|-- Dumped) .*\n/gm, '')
    .replace(/^--\n-- (Name: .*|PostgreSQL database dump.*)\n--\n/gm, '')
    .replace(/^SELECT pg_catalog\.set_config\('search_path'.*\n/gm, '')
    .replace(new RegExp(`^SET (${settings.join('|')}) = .*\\n`, 'gm'), '')
    .replace(/\n{3,}/g, '\n\n');
  return `\n${text.trim()}\n\n`;
}

/** Settings that pg_dump makes for loading. All of them are defaults or not needed here. */
const settings = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
  'client_encoding',
  'standard_conforming_strings',
  'check_function_bodies',
  'xmloption',
  'client_min_messages',
  'row_security',
  'default_tablespace',
  'default_table_access_method',
];

/** Records the migrations as applied, so that a loaded schema is not migrated again. */
function appliedMigrations(names: string[]) {
  const values = names.map((name) => `('${name}', now())`).join(',\n    ');
  return `INSERT INTO public.${migrationsTable} (name, run_on) VALUES\n    ${values};\n`;
}

if (import.meta.filename === process.argv[1]) {
  writeFileSync('db/schema.sql', await dumpSchema());
  process.stdout.write('Wrote db/schema.sql\n');
}

import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Creates the database of this address if it is missing, and returns whether it did. */
export async function createDatabase(url: string) {
  try {
    await withClient(url, async () => {});
    return false;
  } catch (error) {
    if (sqlState(error) !== noSuchDatabase) throw error;
  }
  await withClient(maintenanceUrl(url), (client) =>
    client.query(`create database ${pg.escapeIdentifier(databaseName(url))}`),
  );
  return true;
}

/**
 * Drops the database and closes all connections to it. The only database of the embedded engine, and `postgres`, which
 * is needed to create others, are emptied instead. Returns what was done.
 */
export async function dropDatabase(url: string): Promise<'dropped' | 'emptied' | 'missing'> {
  if (databaseName(url) === 'postgres' || (await isEmbedded(url))) {
    await withClient(url, (client) =>
      client.query(
        'drop schema public cascade; create schema public; grant usage on schema public to public',
      ),
    );
    return 'emptied';
  }
  return withClient(maintenanceUrl(url), async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      databaseName(url),
    ]);
    if (rowCount === 0) return 'missing';
    await client.query(`drop database ${pg.escapeIdentifier(databaseName(url))} with (force)`);
    return 'dropped';
  });
}

/** Loads the dumped schema into an empty database, all or nothing. Returns false if there is a schema already. */
export async function loadSchema(url: string, path: string) {
  try {
    // Several statements in one request are one transaction.
    await withClient(url, (client) => client.query(readFileSync(path, 'utf8')));
    return true;
  } catch (error) {
    if (duplicates.has(sqlState(error) ?? '')) return false;
    throw error;
  }
}

/** Whether the address names another machine. */
export function isRemote(url: string) {
  const { host } = new pg.Client({ connectionString: url });
  return !host.startsWith('/') && !/^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}

export const databaseName = (url: string) => new pg.Client({ connectionString: url }).database ?? 'postgres';

const noSuchDatabase = '3D000';
/** A table or a function exists already. The schema begins with one of them. */
const duplicates = new Set(['42P07', '42723']);
const sqlState = (error: unknown) => (error instanceof pg.DatabaseError ? error.code : undefined);

function maintenanceUrl(url: string) {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  return maintenance.href;
}

async function isEmbedded(url: string) {
  try {
    const { rows } = await withClient(url, (client) => client.query<{ version: string }>('select version()'));
    return rows[0]?.version.includes('emcc') ?? false;
  } catch (error) {
    if (sqlState(error) === noSuchDatabase) return false;
    throw error;
  }
}

async function withClient<Result>(connectionString: string, use: (client: pg.Client) => Promise<Result>) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  // A broken connection fails its statement. Without a listener it would also end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

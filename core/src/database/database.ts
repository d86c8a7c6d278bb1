import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import pg from 'pg';
import { foldMissing } from './folded-names.ts';
import { iamConnection } from './rds.ts';

export type DatabaseOptions = {
  connectionString: string;
  /** The region of an RDS server. Set it to sign in with a signed token instead of a password. */
  iamRegion?: string | undefined;
  /** The most connections in the pool. */
  max?: number;
  /** The longest wait for an answer; 5 s by default. */
  queryTimeoutMs?: number;
  /** Called when an idle connection breaks. The pool replaces the connection by itself. */
  onError?: (error: Error) => void;
};

/** If a connection or an answer takes longer, the server counts as unreachable. */
const connectTimeoutMs = 2_000;
const queryTimeoutMsDefault = 5_000;

export function createPool({
  connectionString,
  iamRegion,
  max,
  queryTimeoutMs = queryTimeoutMsDefault,
  onError = () => {},
}: DatabaseOptions) {
  const pool = new pg.Pool({
    ...(iamRegion ? iamConnection(iamRegion, connectionString) : { connectionString }),
    max,
    application_name: 'parley',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
  });
  pool.on('error', onError);
  return pool;
}

export const migrationsTable = 'schema_migrations';

const migrationsDir = fileURLToPath(new URL('../../../db/migrations', import.meta.url));

/**
 * Applies the missing migrations, each in a transaction, and folds names for the search. Returns the names of the
 * migrations. A second run waits for the first.
 */
export async function migrate(database: string | pg.ClientConfig, dir = migrationsDir) {
  // Loaded here, so that Lambdas that only read and write do not load it.
  const { runner } = await import('node-pg-migrate');
  const settings = typeof database === 'string' ? { connectionString: database } : database;
  const client = new pg.Client({ ...settings, application_name: 'parley-migrate' });
  // A broken connection fails its query. Without this listener it would also end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    const applied = await runner({
      dbClient: client,
      dir,
      direction: 'up',
      migrationsTable,
      advisoryLockMode: 'wait',
      logger: silent,
    });
    await foldMissing(client);
    return applied.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Connection exceptions, shutdown, crash, not ready yet, too many connections. */
const awaySqlStates = /^(08...|57P0[1-3]|53300)$/;
/** The driver's own errors have no code. */
const awayMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error)/;

/** Whether Postgres could not be reached or did not answer. False if it refused a statement. */
export function isUnreachable(error: unknown): error is Error {
  if (!types.isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return networkCodes.has(code) || awaySqlStates.test(code) || awayMessages.test(error.message);
}

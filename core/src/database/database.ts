import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import pg from 'pg';
import { foldMissing } from '../people/user-search.ts';
import { iamConnection } from './rds.ts';

export type DatabaseOptions = {
  connectionString: string;
  /** The region of a server on RDS that is entered with a signed token in place of a password. */
  iamRegion?: string | undefined;
  /** Connections kept at most. */
  max?: number;
  /** How long an answer may take, where 5 s are too long. */
  queryTimeoutMs?: number;
  /** Told of an idle connection that broke; the pool has replaced it already. */
  onError?: (error: Error) => void;
};

/** A connection or an answer that takes longer counts as a server that is away. */
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
 * Applies the migrations that are missing, each in a transaction, and folds the names that searches are to compare.
 * Returns the names of the migrations. Who comes second waits.
 */
export async function migrate(database: string | pg.ClientConfig, dir = migrationsDir) {
  // Loaded where it is used: a Lambda that only reads and writes does not carry it.
  const { runner } = await import('node-pg-migrate');
  const settings = typeof database === 'string' ? { connectionString: database } : database;
  const client = new pg.Client({ ...settings, application_name: 'parley-migrate' });
  // A connection that breaks fails the query it carries; without a listener it would end the process.
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
/** Errors that the driver makes itself carry no code. */
const awayMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error)/;

/** Whether Postgres could not be reached or did not answer, as opposed to a statement that it refused. */
export function isUnreachable(error: unknown): error is Error {
  if (!types.isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return networkCodes.has(code) || awaySqlStates.test(code) || awayMessages.test(error.message);
}

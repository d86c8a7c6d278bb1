import { type Config, databaseOptions, loadConfig, tableOptions } from '@parley/config/config';
import { createPool } from '@parley/core/database';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import type { Pool } from 'pg';

/** An error that is its reader's to mend: one line, no stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function connectTable(config = loadConfig(process.env)): Connection {
  const table = createTable(tableOptions(config));
  return { config, table, close: async () => closeTable(table) };
}

export type Connection = { config: Config; table: Table; close(): Promise<void> };

/** The table and Postgres. */
export function connect(): Connection & { pool: Pool } {
  const config = loadConfig(process.env);
  if (!config.DATABASE_URL)
    throw new UsageError(
      'DATABASE_URL is not set. Start Parley (bin/start), or set it in the environment or .env.',
    );
  const connection = connectTable(config);
  const pool = createPool({ ...databaseOptions(config), max: 4 });
  const close = async () => {
    await pool.end();
    await connection.close();
  };
  return { ...connection, pool, close };
}

/** Runs a program to its exit code. What its reader can mend is told in a line. */
export async function run(main: () => Promise<number>) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = 2;
    const line = error instanceof Error && explain(error);
    if (line) console.error(line);
    else console.error(error);
  }
}

function explain(error: Error & { code?: unknown }): string | undefined {
  if (
    error instanceof UsageError ||
    error.name === 'ExportError' ||
    error.message.startsWith('Wrong configuration')
  )
    return error.message;
  if (error.code === 'ENOENT') return error.message;
  if (error.code === 'ECONNREFUSED' || isRefused(error.cause))
    return 'Nothing answers at the configured address. Is Parley running (bin/start)?';
  if (error.name === 'ResourceNotFoundException')
    return 'The table does not exist: bin/ddb/schema-load makes it.';
  if (error.name === 'CredentialsProviderError')
    return 'No AWS credentials, and no AWS_ENDPOINT_URL_DYNAMODB. Start Parley (bin/start) to work on this machine.';
  if (String(error.code).startsWith('ERR_PARSE_ARGS'))
    return `${error.message.replace(/\.?$/, '.')} See --help.`;
  return undefined;
}

const isRefused = (cause: unknown): boolean =>
  cause instanceof Error && (cause as { code?: unknown }).code === 'ECONNREFUSED';

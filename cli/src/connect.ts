import { resolve } from 'node:path';
import { type Config, databaseOptions, loadConfig, tableOptions } from '@parley/config/config';
import { UsageError } from '@parley/config/explain';
import { createPool } from '@parley/core/database/database';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import type { Pool } from 'pg';
import { report } from './verbose.ts';

export function connectTable(config = loadConfig(process.env)): Connection {
  const table = createTable(tableOptions(config));
  return { config, table, close: async () => closeTable(table) };
}

export type Connection = { config: Config; table: Table; close(): Promise<void> };

/** Connects to the table and Postgres. */
export function connect(): Connection & { pool: Pool } {
  const config = loadConfig(process.env);
  if (!config.DATABASE_URL)
    throw new UsageError(
      `DATABASE_URL is not set, and no Parley runs on ${resolve(config.DATA_DIR)}. Start it (bin/start), ` +
        'set DATA_DIR to its folder, or set DATABASE_URL in the environment or .env.',
    );
  const connection = connectTable(config);
  const pool = createPool({ ...databaseOptions(config), max: 4 });
  const close = async () => {
    await pool.end();
    await connection.close();
  };
  return { ...connection, pool, close };
}

/** Runs a program and sets its exit code. An error prints one line, or the whole error with --verbose. */
export async function run(main: () => Promise<number>) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = 2;
    console.error(report(error));
  }
}

import { migrate } from '@parley/core/database/database';
import pg from 'pg';

/** This worker's database, emptied and migrated. */
export async function createTestDatabase() {
  const url = testDatabaseUrl();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  await pool.query('DROP SCHEMA IF EXISTS public CASCADE');
  await pool.query('CREATE SCHEMA public');
  await migrate(url);
  return { pool, url, close: () => pool.end() };
}

export function testDatabaseUrl() {
  const name = `TEST_DATABASE_URL_${process.env.JEST_WORKER_ID ?? 1}`;
  const url = process.env[name];
  if (!url) throw new Error(`${name} is not set. Run the tests with bin/test, which starts the engines.`);
  return url;
}

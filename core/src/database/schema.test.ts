import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dumpSchema } from '@parley/engines/schema-dump';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { migrate } from './database.ts';

const schema = readFileSync(new URL('../../../db/schema.sql', import.meta.url), 'utf8');

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

it('db/schema.sql is the schema that the migrations make (bin/db/schema-dump writes it)', async () => {
  expect(await dumpSchema()).toBe(schema);
});

it('db/schema.sql loads into an empty database, and leaves nothing to migrate', async () => {
  const columns = async () => {
    const { rows } = await database.pool.query(
      `select table_name, column_name, data_type, column_default, is_nullable from information_schema.columns
       where table_schema = 'public' order by table_name, column_name`,
    );
    const indexes = await database.pool.query(
      `select indexdef from pg_indexes where schemaname = 'public' order by indexname`,
    );
    return [...rows, ...indexes.rows];
  };
  const migrated = await columns();
  await database.pool.query('drop schema public cascade; create schema public');
  await database.pool.query(schema);
  expect(await columns()).toEqual(migrated);
  expect(await migrate(database.url)).toEqual([]);
});

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { migrateAndGrant } from './handler.ts';

const dir = fileURLToPath(new URL('../../../db/migrations', import.meta.url));
const appRole = `app_${process.pid}`;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.pool.query(`drop owned by ${appRole}`);
  await database.pool.query(`drop role ${appRole}`);
  await database.close();
});

const may = async (privilege: string, relation: string) => {
  const { rows } = await database.pool.query<{ may: boolean }>(
    'select has_table_privilege($1, $2, $3) as may',
    [appRole, relation, privilege],
  );
  return rows[0]?.may;
};

test('makes the role of the application, which reads and writes people and changes no schema; safe to repeat', async () => {
  const owner = { connectionString: database.url };
  await migrateAndGrant({ owner, dir, appRole });
  expect(await migrateAndGrant({ owner, dir, appRole })).toEqual([]);
  for (const privilege of ['select', 'insert', 'update', 'delete'])
    expect(await may(privilege, 'users')).toBe(true);
  expect(await may('truncate', 'users')).toBe(false);
  expect(await may('insert', 'schema_migrations')).toBe(false);
  const { rows } = await database.pool.query(
    'select has_schema_privilege($1, $2, $3) as may_create, rolsuper from pg_roles where rolname = $1',
    [appRole, 'public', 'create'],
  );
  expect(rows).toEqual([{ may_create: false, rolsuper: false }]);
});

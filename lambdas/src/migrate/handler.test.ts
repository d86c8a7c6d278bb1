import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPool } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import * as peopleLines from '@parley/core/transfer/people-lines';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { grant, migrateAndGrant } from './handler.ts';

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

test('creates the application’s role, which can read and write people but not change the schema, and can be repeated', async () => {
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

test('the application’s role can restore people', async () => {
  const pool = createPool({
    connectionString: `${database.url}?options=${encodeURIComponent(`-c role=${appRole}`)}`,
  });
  try {
    expect((await pool.query('select current_user')).rows).toEqual([{ current_user: appRole }]);
    const person = {
      line: 'person' as const,
      uuid: randomUUID(),
      handle: 'ada',
      display_name: 'Ada',
      bio: '',
      tone: 7,
    };
    const none = { email: null, cognito_user_id: null, signed_out_at: null, disabled_at: null };
    const line = {
      ...person,
      ...none,
      created_at: '2026-01-01T00:00:00Z',
      erased_at: null,
      erasure_finished_at: null,
    };
    expect(await peopleLines.restore(pool, [line])).toEqual([]);
    await peopleLines.continueTones(pool);
    expect((await users.insertFromSignUp(pool, { sub: 's1' })).tone).toBe(8);
  } finally {
    await pool.end();
  }
});

test('gives up waiting for another migration that never ends', async () => {
  const proxy = await createDatabaseProxy(database.url);
  proxy.freezeAt('pg_advisory_lock');
  const owner = { connectionString: proxy.url };
  const migrating = migrateAndGrant({ owner, dir, appRole, statementTimeoutMs: 200 });
  await expect(migrating).rejects.toThrow('Query read timeout');
  await proxy.close();
}, 5_000);

test('does not make the owner a member of that role, because RDS would then refuse the owner’s password', async () => {
  const [owner, role] = [`owner_${process.pid}`, `other_app_${process.pid}`];
  const client = await database.pool.connect();
  const session = (await client.query<{ name: string }>('select session_user as name')).rows[0]?.name;
  // On RDS the owner is not a superuser.
  await client.query(`create role ${owner} createrole;
    grant usage on schema public to ${owner} with grant option;
    grant all on all tables in schema public to ${owner} with grant option;
    grant all on all sequences in schema public to ${owner} with grant option`);
  try {
    await client.query(`set session authorization ${owner}`);
    await grant(client, role);
    const { rows } = await client.query(
      `select pg_has_role($1, oid, 'member') as is_member, rolcanlogin, rolcreaterole from pg_roles where rolname = $2`,
      [owner, role],
    );
    expect(rows).toEqual([{ is_member: false, rolcanlogin: true, rolcreaterole: false }]);
  } finally {
    await client.query(`set session authorization ${session}`);
    await client.query(`drop owned by ${role}, ${owner} cascade`);
    await client.query(`drop role ${role}, ${owner}`);
    client.release();
  }
});

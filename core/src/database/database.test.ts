import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createPool, isUnreachable, migrate, migrationsTable } from './database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const empty = () => database.pool.query('drop schema public cascade; create schema public');
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('migrate', () => {
  it('applies the migrations in order, once', async () => {
    await empty();
    const applied = await migrate(database.url);
    expect(applied[0]).toBe('0001_users');
    expect(applied).toEqual(applied.toSorted());
    expect(await migrate(database.url)).toEqual([]);
    const { rows } = await database.pool.query(`select name from ${migrationsTable} order by id`);
    expect(rows.map(({ name }) => name)).toEqual(applied);
  });

  it('lets one of several concurrent runs work while the others wait', async () => {
    const { rows } = await database.pool.query('select version()');
    // The embedded engine has one session, so an advisory lock excludes nobody.
    if (rows[0].version.includes('emcc')) return;
    await empty();
    const outcomes = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    expect(outcomes.filter((applied) => applied.length > 0)).toHaveLength(1);
  });

  it('gives tones to existing people in the order in which they joined, and goes on after the newest', async () => {
    await empty();
    await migrate(database.url);
    await database.pool.query(`alter table users alter column tone drop default;
      delete from ${migrationsTable} where name >= '0006';
      insert into users (handle, display_name, created_at, erased_at)
      select 'h' || n, 'h' || n, to_timestamp(1000 - n), case when n = 2 then now() end from generate_series(1, 14) as n;
      update users set tone = 9 where handle = 'h3'`);
    expect(await migrate(database.url)).toContain('0006_first_tones');
    const { rows } = await database.pool.query<{ tone: number | null }>(
      'select tone from users order by created_at',
    );
    expect(rows.map(({ tone }) => tone)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 9, null, 3]);
    expect((await database.pool.query("select nextval('users_tone')::int as tone")).rows).toEqual([
      { tone: 4 },
    ]);
  });

  it('fails if there is no server', async () => {
    const error = await failure(migrate('postgres://postgres@127.0.0.1:9/postgres'));
    expect(isUnreachable(error)).toBe(true);
  });
});

describe('a pool', () => {
  let proxy: Awaited<ReturnType<typeof createDatabaseProxy>>;
  let pool: ReturnType<typeof createPool>;
  const errors: Error[] = [];
  beforeEach(async () => {
    proxy = await createDatabaseProxy(database.url);
    pool = createPool({ connectionString: proxy.url, max: 2, onError: (error) => errors.push(error) });
  });
  afterEach(async () => {
    await proxy.close();
    await pool.end();
  });

  it('survives broken connections, reports them, and continues when the server is back', async () => {
    await pool.query('select 1');
    const broken = once(pool, 'error');
    proxy.cut();
    await broken;
    expect(isUnreachable(await failure(pool.query('select 1')))).toBe(true);
    proxy.restore();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(errors).toHaveLength(1);
    expect(isUnreachable(errors[0])).toBe(true);
  });

  it('gives up on a server that accepts and never answers', async () => {
    proxy.freeze();
    expect(isUnreachable(await failure(pool.query('select 1')))).toBe(true);
  });

  it('gives up on a statement that never returns', async () => {
    await pool.query('select 1');
    proxy.freeze();
    expect(isUnreachable(await failure(pool.query('select 1')))).toBe(true);
  });
});

describe('what counts as unreachable', () => {
  it('does not include a statement that Postgres refused, or a bug', async () => {
    expect(isUnreachable(await failure(database.pool.query('select nonsense')))).toBe(false);
    expect(isUnreachable(await failure(database.pool.query('select 1/0')))).toBe(false);
    expect(isUnreachable(new TypeError('x is not a function'))).toBe(false);
    expect(isUnreachable('ECONNREFUSED')).toBe(false);
    const ended = createPool({ connectionString: database.url });
    await ended.end();
    expect(isUnreachable(await failure(ended.query('select 1')))).toBe(false);
  });

  it.each(['08006', '57P01', '57P03', '53300'])('includes a server that refuses connections: %s', (code) => {
    expect(isUnreachable(Object.assign(new Error('refused'), { code }))).toBe(true);
  });
});

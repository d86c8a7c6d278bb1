import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migrate } from '@parley/core/database/database';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createDatabase, databaseName, dropDatabase, isRemote, loadSchema } from './databases.ts';

const schemaPath = new URL('../../db/schema.sql', import.meta.url).pathname;

describe('a database', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let isEmbedded: boolean;
  beforeEach(async () => {
    database = await createTestDatabase();
    const { rows } = await database.pool.query('select version()');
    isEmbedded = rows[0].version.includes('emcc');
  });
  afterEach(() => database.close());

  it('exists already if one can connect to it', async () => {
    expect(await createDatabase(database.url)).toBe(false);
  });

  it('is created and dropped on a server with several databases', async () => {
    if (isEmbedded) return;
    const url = new URL(database.url);
    url.pathname = '/parley_it"s_new';
    expect(await createDatabase(url.href)).toBe(true);
    expect(await createDatabase(url.href)).toBe(false);
    await migrate(url.href);
    expect(await dropDatabase(url.href)).toBe('dropped');
    expect(await dropDatabase(url.href)).toBe('missing');
  });

  it('is emptied on the embedded engine, and can be loaded or migrated afterwards', async () => {
    if (!isEmbedded) return;
    await database.pool.query("insert into users (handle, display_name) values ('a', 'A')");
    expect(await dropDatabase(database.url)).toBe('emptied');
    expect(await loadSchema(database.url, schemaPath)).toBe(true);
    expect((await database.pool.query('select * from users')).rows).toEqual([]);
    expect(await migrate(database.url)).toEqual([]);
  });

  it('keeps its data if the schema is loaded a second time', async () => {
    await database.pool.query("insert into users (handle, display_name) values ('a', 'A')");
    expect(await loadSchema(database.url, schemaPath)).toBe(false);
    expect((await database.pool.query('select handle from users')).rows).toEqual([{ handle: 'a' }]);
  });
});

describe('an address', () => {
  it.each([
    'postgres://localhost/parley',
    'postgres://a:b@127.0.0.1:5432/parley',
    'postgres://a@[::1]/parley',
    'postgres:///parley?host=/var/run/postgresql',
  ])('is this machine: %s', (url) => {
    expect(isRemote(url)).toBe(false);
  });

  it.each([
    'postgres://a:b@db.example.com/parley',
    'postgres://a:127.0.0.1@10.0.0.5/localhost',
    'postgres://localhost.example.com/parley',
    'postgres://postgres/parley',
  ])('is on another machine: %s', (url) => {
    expect(isRemote(url)).toBe(true);
  });

  it('names its database', () => {
    expect(databaseName('postgres://a@localhost/parley?sslmode=disable')).toBe('parley');
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { migrate } from '../database/database.ts';
import { foldMissing, search } from './user-search.ts';
import * as users from './users.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const insert = (person: Partial<users.SignUp>) =>
  users.insertFromSignUp(database.pool, { sub: randomUUID(), ...person });
const erase = (uuid: string) =>
  database.pool.query('update users set erased_at = now() where uuid = $1', [uuid]);
const handles = async (prefix: string, limit = 20, after?: string) =>
  (await search(database.pool, { prefix, limit, after })).map(({ handle }) => handle);

it('finds the beginning of a handle or of a name in any case', async () => {
  await insert({ preferredUsername: 'srch-one', name: 'Élodie' });
  await insert({ preferredUsername: 'other-handle', name: 'SRCH by name' });
  expect(await handles('SrCh')).toEqual(['other-handle', 'srch-one']);
  expect(await handles('rch')).toEqual([]);
  expect(await handles('Él')).toEqual(['srch-one']);
});

it('matches wildcards, quotes and backslashes literally', async () => {
  await users.insertPeople(database.pool, [{ handle: '50%_off\\' }, { handle: '50 percent' }]);
  expect(await handles('50%')).toEqual(['50%_off\\']);
  expect(await handles('50%_off\\')).toEqual(['50%_off\\']);
  expect(await handles('5__')).toEqual([]);
  expect(await handles("50'; drop table users --")).toEqual([]);
  expect(await handles('50\0')).toEqual([]);
});

it('hides disabled and erased people', async () => {
  const [a, b, c] = [
    await insert({ preferredUsername: 'hide-a' }),
    await insert({ preferredUsername: 'hide-b' }),
    await insert({ preferredUsername: 'hide-c' }),
  ];
  await users.disable(database.pool, a.uuid);
  await erase(b.uuid);
  expect(await handles('hide-')).toEqual([c.handle]);
  await users.enable(database.pool, a.uuid);
  expect(await handles('hide-')).toEqual([a.handle, c.handle]);
});

it('pages by the last handle, without gaps or repeats', async () => {
  await users.insertPeople(
    database.pool,
    ['pg-B', 'pg-a', 'pg-_', 'pg-C', 'pg- '].map((handle) => ({ handle })),
  );
  const all = await handles('pg-');
  const first = await handles('pg-', 2);
  const second = await handles('pg-', 2, first.at(-1)?.toUpperCase());
  const third = await handles('pg-', 2, second.at(-1));
  expect([...first, ...second, ...third]).toEqual(all);
  expect(all).toHaveLength(5);
});

it('finds a name in every normal form, without accents, and with either sigma', async () => {
  await insert({ preferredUsername: 'form-c', name: 'Élodie Ångström'.normalize('NFC') });
  await insert({ preferredUsername: 'form-d', name: 'Élodie Ångström'.normalize('NFD') });
  await insert({ preferredUsername: 'greek', name: 'ΟΔΥΣΣΕΥΣ' });
  for (const prefix of [
    'Élodie A'.normalize('NFC'),
    'Élodie A'.normalize('NFD'),
    'ELODIE  ang',
    'Ｅｌｏｄｉｅ\u3000Ａ',
  ])
    expect([prefix, await handles(prefix)]).toEqual([prefix, ['form-c', 'form-d']]);
  for (const prefix of ['οδυσσευς', 'Οδυσσεύσ', 'οδυσσευ'])
    expect([prefix, await handles(prefix)]).toEqual([prefix, ['greek']]);
});

it('finds nobody for an empty prefix', async () => {
  for (const prefix of ['', ' ', '\u200b', '\u0301', '%', '_'])
    expect([prefix, await handles(prefix)]).toEqual([prefix, []]);
});

it('finds people whom an earlier version or an administrator has written or renamed', async () => {
  await database.pool.query(
    "insert into users (handle, display_name) values ('byhand-1', 'Ὀδυσσεύς by hand')",
  );
  await users.insertPeople(database.pool, [{ handle: 'byhand-2', display_name: 'Before' }]);
  await database.pool.query("update users set display_name = 'Ägir' where handle = 'byhand-2'");
  expect(await handles('agi')).toEqual(['byhand-2']);
  expect(await handles('before')).toEqual([]);
  expect(await handles('οδυσσευσ by')).toEqual(['byhand-1']);
  await database.pool.query("update users set handle = 'renamed-2' where handle = 'byhand-2'");
  expect(await handles('renamed')).toEqual(['renamed-2']);
});

it('finds people whom the migration pass folded, many thousands at once and in concurrent passes', async () => {
  await database.pool.query(
    `insert into users (handle, display_name)
     select 'bulk-' || n, 'Böb ' || n from generate_series(1, 6500) as n`,
  );
  await Promise.all([foldMissing(database.pool), foldMissing(database.pool)]);
  await migrate(database.url);
  const { rows } = await database.pool.query(
    'select from users where handle_folded is null or name_folded is null',
  );
  expect(rows).toEqual([]);
  expect(await handles('bob 6499')).toEqual(['bulk-6499']);
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import * as placeholders from '../people/placeholders.ts';
import { search } from '../people/user-search.ts';
import * as users from '../people/users.ts';
import type { PersonLine } from './people-lines.ts';
import * as registry from './people-lines.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const now = new Date().toISOString();
const line = (changes: Partial<PersonLine>): PersonLine => ({
  line: 'person',
  uuid: randomUUID(),
  handle: 'somebody',
  display_name: 'Somebody',
  bio: '',
  email: null,
  cognito_user_id: null,
  created_at: now,
  signed_out_at: null,
  disabled_at: null,
  erased_at: null,
  erasure_finished_at: null,
  ...changes,
});
const handleOf = async (uuid: string) => (await users.findNames(database.pool, [uuid])).get(uuid)?.handle;
const occupy = (handle: string) =>
  database.pool.query("insert into users (handle, display_name) values ($1, 'Squatter')", [handle]);

it('restores people, and the search finds them', async () => {
  expect(await registry.restore(database.pool, [line({ handle: 'back', display_name: 'Émile' })])).toEqual(
    [],
  );
  expect(await search(database.pool, { prefix: 'emil', limit: 5 })).toMatchObject([{ handle: 'back' }]);
});

it('keeps the tone of a line, deals one where an old export has none, and goes on after the newest person', async () => {
  const [kept, dealt, erased] = [randomUUID(), randomUUID(), randomUUID()];
  await registry.restore(database.pool, [
    line({ uuid: kept, handle: 'kept', tone: 7, created_at: '2100-01-01T00:00:00.000Z' }),
    line({ uuid: dealt, handle: 'dealt' }),
    line({ uuid: erased, handle: `deleted-${erased}`, tone: 7, erased_at: now }),
  ]);
  const names = await users.findNames(database.pool, [kept, dealt, erased]);
  const toneOf = (uuid: string) => names.get(uuid)?.tone;
  expect([toneOf(kept), toneOf(dealt), toneOf(erased)]).toEqual([7, expect.any(Number), null]);
  await registry.continueTones(database.pool);
  const next = await users.insertFromSignUp(database.pool, { sub: 'next', preferredUsername: 'next' });
  expect(next.tone).toBe(8);
  for await (const exported of registry.some(database.pool, [kept]))
    expect(exported).toMatchObject({ tone: 7 });
  await database.pool.query('delete from users where uuid = any($1::uuid[])', [[kept, next.uuid]]);
});

it('restores a tombstone, even if somebody has its handle', async () => {
  const uuid = randomUUID();
  await occupy(`deleted-${uuid}`);
  const tombstone = line({ uuid, handle: `deleted-${uuid}`, erased_at: now });
  expect(await registry.restore(database.pool, [tombstone])).toEqual([]);
  expect(await handleOf(uuid)).toBe(`deleted-${uuid}`);
});

it('refuses people who have chosen a reserved handle', async () => {
  const [one, other, third] = [randomUUID(), randomUUID(), randomUUID()];
  const placeholder = line({ uuid: third, handle: placeholders.placeholderHandle(third) });
  const refused = [
    line({ uuid: one, handle: `deleted-${one}` }),
    line({ uuid: other, handle: `deleted-${one}`, erased_at: now }),
    line({ handle: 'missing-x' }),
  ];
  expect(await registry.restore(database.pool, [...refused, placeholder])).toEqual(refused);
  expect(await handleOf(third)).toBe(placeholder.handle);
});

it('inserts a placeholder for a person whom the log names by a reserved handle', async () => {
  const [erased, stranger] = [randomUUID(), randomUUID()];
  await occupy(`deleted-${erased}`);
  const people = [
    { uuid: erased, handle: `deleted-${erased}`, display_name: 'Deleted user' },
    { uuid: stranger, handle: `deleted-${randomUUID()}`, display_name: 'Not deleted' },
  ];
  expect(await placeholders.insert(database.pool, people)).toBe(2);
  expect(await handleOf(erased)).toBe(`deleted-${erased}`);
  expect(await handleOf(stranger)).toBe(placeholders.placeholderHandle(stranger));
  expect((await users.findByUuid(database.pool, erased))?.erased_at).toBeInstanceOf(Date);
  expect((await users.findByUuid(database.pool, stranger))?.erased_at).toBeNull();
  const names = await users.findNames(database.pool, [erased, stranger]);
  expect([names.get(erased)?.tone, names.get(stranger)?.tone]).toEqual([null, expect.any(Number)]);
});

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import type { Pool } from 'pg';
import { createPool } from '../database/database.ts';
import { createIdentities, createPeople } from './names.ts';
import * as users from './users.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let proxy: Awaited<ReturnType<typeof createDatabaseProxy>>;
let pool: Pool;
let statements: number;
let errors: Error[];
const onError = (error: Error) => errors.push(error);

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

beforeEach(async () => {
  proxy = await createDatabaseProxy(database.url);
  pool = createPool({ connectionString: proxy.url, max: 4 });
  errors = [];
  statements = 0;
  const query = pool.query.bind(pool) as (...parts: unknown[]) => unknown;
  jest.spyOn(pool, 'query').mockImplementation((...parts: unknown[]) => {
    statements++;
    return query(...parts);
  });
});
afterEach(async () => {
  await proxy.close();
  await pool.end();
});

const insert = () => {
  const handle = `p${randomUUID().slice(0, 8)}`;
  return users.insertFromSignUp(database.pool, { sub: randomUUID(), preferredUsername: handle });
};
const rename = (uuid: string, display_name: string) =>
  users.updateProfile(database.pool, uuid, { display_name });
const sub = (user: users.User) => user.cognito_user_id ?? '';
const untilAskedAgain = () => pause(1_050);

describe('the names of people', () => {
  it('are read by uuid in one statement, without unknown people', async () => {
    const [a, b] = [await insert(), await insert()];
    const names = await createPeople(pool).names([a.uuid, b.uuid, a.uuid, randomUUID(), 'no uuid']);
    expect(names.size).toBe(2);
    expect(names.get(a.uuid)).toEqual({ handle: a.handle, display_name: a.display_name, tone: a.tone });
    expect(statements).toBe(1);
  });

  it('are cached for a moment, then read again', async () => {
    const person = await insert();
    const people = createPeople(pool, { maxAgeMs: 200 });
    await people.names([person.uuid]);
    await rename(person.uuid, 'New');
    expect((await people.names([person.uuid])).get(person.uuid)?.display_name).toBe(person.display_name);
    expect(statements).toBe(1);
    await pause(210);
    expect((await people.names([person.uuid])).get(person.uuid)?.display_name).toBe('New');
  });

  it('are read again at once after a change on this node', async () => {
    const person = await insert();
    const people = createPeople(pool);
    await people.names([person.uuid]);
    await rename(person.uuid, 'New');
    people.forget(person.uuid);
    expect((await people.names([person.uuid])).get(person.uuid)?.display_name).toBe('New');
  });

  it('are not cached from a statement that was running when they changed', async () => {
    const person = await insert();
    const people = createPeople(pool);
    const early = people.names([person.uuid]);
    while (statements === 0) await pause(0);
    people.forget(person.uuid);
    await early;
    await people.names([person.uuid]);
    expect(statements).toBe(2);
  });

  it('are served from the cache while Postgres is unreachable, and missing if they are not cached', async () => {
    const [known, unknown] = [await insert(), await insert()];
    const people = createPeople(pool, { maxAgeMs: 0, onError });
    await people.names([known.uuid]);
    proxy.cut();
    const names = await people.names([known.uuid, unknown.uuid]);
    expect([...names]).toEqual([
      [known.uuid, { handle: known.handle, display_name: known.display_name, tone: known.tone }],
    ]);
    expect(errors).toHaveLength(1);

    proxy.restore();
    await untilAskedAgain();
    expect((await people.names([known.uuid, unknown.uuid])).size).toBe(2);
  });

  it('are read again after Postgres was unreachable, also for a person who was erased meanwhile', async () => {
    const person = await insert();
    const people = createPeople(pool, { maxAgeMs: 0 });
    await people.names([person.uuid]);
    proxy.cut();
    await people.names([person.uuid]);
    await database.pool.query(
      "update users set erased_at = now(), handle = 'gone-1', display_name = 'Deleted user', tone = null where uuid = $1",
      [person.uuid],
    );
    proxy.restore();
    await untilAskedAgain();
    expect((await people.names([person.uuid])).get(person.uuid)).toEqual({
      handle: 'gone-1',
      display_name: 'Deleted user',
      tone: null,
    });
  });

  it('cost one wait in total while Postgres hangs', async () => {
    const person = await insert();
    const people = createPeople(pool, { maxAgeMs: 0 });
    await people.names([person.uuid]);
    proxy.freeze();
    await people.names([person.uuid]);
    const startedAt = performance.now();
    for (let count = 0; count < 20; count++) await people.names([person.uuid]);
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(statements).toBe(2);
  });

  it('have a tone that is read once, and cost one short wait in total while Postgres hangs', async () => {
    const [known, unknown] = [await insert(), await insert()];
    const people = createPeople(pool, { maxAgeMs: 0 });
    expect(await people.tone(known.uuid)).toBe(known.tone);
    proxy.freeze();
    expect(await people.tone(known.uuid)).toBe(known.tone);
    const startedAt = performance.now();
    expect(await people.tone(unknown.uuid)).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    const afterThatMs = performance.now();
    for (let count = 0; count < 20; count++) expect(await people.tone(randomUUID())).toBeNull();
    expect(performance.now() - afterThatMs).toBeLessThan(500);
    expect(await people.tone(known.uuid)).toBe(known.tone);
  });

  it('fail for a bug: a missing table is not an unreachable server', async () => {
    const people = createPeople(createBrokenPool(), { onError });
    await expect(people.names([randomUUID()])).rejects.toMatchObject({ code: '42P01' });
    expect(errors).toEqual([]);
  });
});

describe('the person behind a token', () => {
  it('is found by the sub of the token, or is null', async () => {
    const person = await insert();
    const identities = createIdentities(pool);
    expect(await identities.bySub(sub(person))).toEqual(person);
    expect(await identities.bySub('unknown')).toBeNull();
  });

  it('is read again each time, so a sign-out and a disabled account take effect at once', async () => {
    const person = await insert();
    const identities = createIdentities(pool);
    await identities.bySub(sub(person));
    await users.disable(database.pool, person.uuid);
    expect((await identities.bySub(sub(person)))?.disabled_at).toBeInstanceOf(Date);
  });

  it('is served from the cache if the caller allows it, until the node forgets it', async () => {
    const person = await insert();
    const identities = createIdentities(pool);
    await identities.bySub(sub(person));
    await users.disable(database.pool, person.uuid);
    expect(await identities.cachedBySub(sub(person), 60_000)).toEqual(person);
    expect(statements).toBe(1);
    identities.forget(sub(person));
    expect((await identities.cachedBySub(sub(person), 60_000))?.disabled_at).toBeInstanceOf(Date);
    await pause(20);
    await identities.cachedBySub(sub(person), 10);
    expect(statements).toBe(3);
  });

  it('shares a statement with all concurrent callers, one statement at a time', async () => {
    const crowd = await Promise.all(Array.from({ length: 20 }, insert));
    const identities = createIdentities(pool);
    const first = identities.bySub(sub(crowd[0] as users.User));
    while (statements === 0) await pause(0);
    const rest = Array.from({ length: 200 }, (_, index) =>
      identities.bySub(sub(crowd[index % 20] as users.User)),
    );
    expect(statements).toBe(1);
    expect((await first)?.uuid).toBe(crowd[0]?.uuid);
    const found = await Promise.all(rest);
    expect(found.map((user) => user?.uuid)).toEqual(rest.map((_, index) => crowd[index % 20]?.uuid));
    expect(statements).toBe(2);
  });

  it('is read by a statement that is sent after the call, even if another one is running', async () => {
    const person = await insert();
    const identities = createIdentities(pool);
    const early = identities.bySub(sub(person));
    while (statements === 0) await pause(0);
    await users.disable(database.pool, person.uuid);
    expect((await identities.bySub(sub(person)))?.disabled_at).toBeInstanceOf(Date);
    await early;
  });

  it('is served from the cache while Postgres is unreachable, and busy if not cached', async () => {
    const [known, stranger] = [await insert(), await insert()];
    const identities = createIdentities(pool, { onError });
    await identities.bySub(sub(known));
    proxy.cut();
    const [first, second] = await Promise.allSettled([
      identities.bySub(sub(known)),
      identities.bySub(sub(stranger)),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled', value: known });
    expect(second).toMatchObject({ status: 'rejected', reason: { codes: ['busy'] } });
    expect(errors).toHaveLength(1);

    proxy.restore();
    await untilAskedAgain();
    expect(await identities.bySub(sub(stranger))).toEqual(stranger);
  });

  it('is not served from a cache entry older than ten minutes', async () => {
    const person = await insert();
    const identities = createIdentities(pool);
    await identities.bySub(sub(person));
    proxy.cut();
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now + 11 * 60_000);
    await expect(identities.bySub(sub(person))).rejects.toMatchObject({ codes: ['busy'] });
    clock.mockRestore();
  });

  it('is not served from the cache once the row is gone', async () => {
    const person = await insert();
    const identities = createIdentities(pool);
    await identities.bySub(sub(person));
    await database.pool.query('delete from users where uuid = $1', [person.uuid]);
    expect(await identities.bySub(sub(person))).toBeNull();
    proxy.cut();
    await expect(identities.bySub(sub(person))).rejects.toMatchObject({ codes: ['busy'] });
  });

  it('fails for a bug, and works again after it', async () => {
    const identities = createIdentities(createBrokenPool());
    await expect(identities.bySub('x')).rejects.toMatchObject({ code: '42P01' });
    await expect(identities.bySub('x')).rejects.toMatchObject({ code: '42P01' });
  });
});

/** A pool that fails as Postgres does if a migration is missing. */
function createBrokenPool() {
  const error = Object.assign(new Error('relation "users" does not exist'), { code: '42P01' });
  return { query: () => Promise.reject(error) } as unknown as Pool;
}

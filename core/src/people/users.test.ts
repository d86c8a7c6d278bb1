import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import * as users from './users.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

let people = 0;
const signUp = (changes: Partial<users.SignUp> = {}): users.SignUp => {
  people++;
  return {
    sub: randomUUID(),
    preferredUsername: `person-${people}`,
    name: `Person ${people}`,
    email: `person-${people}@example.com`,
    ...changes,
  };
};
const insert = (changes?: Partial<users.SignUp>) => users.insertFromSignUp(database.pool, signUp(changes));
const read = async (uuid: string) =>
  (await database.pool.query<users.User>('select * from users where uuid = $1', [uuid])).rows[0];
const erase = (uuid: string) =>
  database.pool.query('update users set erased_at = now() where uuid = $1', [uuid]);

describe('a sign-up', () => {
  it('inserts a person with the chosen handle, name and e-mail', async () => {
    const sub = randomUUID();
    const person = await insert({
      sub,
      preferredUsername: 'Ada.L-1_x',
      name: 'Ada 👩‍💻',
      email: 'Ada@Example.com',
    });
    expect(person).toEqual({
      uuid: expect.any(String),
      handle: 'Ada.L-1_x',
      display_name: 'Ada 👩‍💻',
      bio: '',
      tone: expect.any(Number),
      email: 'Ada@Example.com',
      cognito_user_id: sub,
      signed_out_at: null,
      disabled_at: null,
      erased_at: null,
    });
  });

  it('returns the same person when it is delivered again, with their later changes', async () => {
    const again = signUp();
    const person = await users.insertFromSignUp(database.pool, again);
    await users.updateProfile(database.pool, person.uuid, { display_name: 'Changed' });
    expect(await users.insertFromSignUp(database.pool, again)).toEqual({
      ...person,
      display_name: 'Changed',
    });
  });

  it('inserts one person when it is delivered many times at once', async () => {
    const again = signUp();
    const made = await Promise.all(
      Array.from({ length: 8 }, () => users.insertFromSignUp(database.pool, again)),
    );
    expect(new Set(made.map(({ uuid }) => uuid)).size).toBe(1);
  });

  it('derives a handle from the e-mail and a number if the chosen one is taken, in any case', async () => {
    await insert({ preferredUsername: 'Grace' });
    const person = await insert({ preferredUsername: 'gRACE', email: 'grace+work@example.com' });
    expect(person.handle).toMatch(/^grace\d+$/);
  });

  it.each([
    ...[undefined, '', '   ', 'has space', 'é', 'a@b', 'x'.repeat(31), "x'; drop table users"],
    ...['.', '..', '_-_', 'deleted-x', 'Missing-7'],
  ])('derives a handle where the chosen one is missing or ill-formed: %j', async (preferredUsername) => {
    const local = randomUUID().slice(0, 8);
    const person = await insert({ preferredUsername, email: `${local}!@example.com` });
    expect(person.handle).toMatch(new RegExp(`^${local}\\d+$`));
  });

  it('derives no reserved handle', async () => {
    const person = await insert({ preferredUsername: undefined, email: 'deleted-6f9619ff@example.com' });
    expect(person.handle).toMatch(/^user\d+$/);
  });

  it('finds a handle even for a person without an e-mail', async () => {
    const person = await insert({ preferredUsername: undefined, email: undefined });
    expect(person).toMatchObject({ handle: expect.stringMatching(/^user\d+$/), email: null });
  });

  it('uses the handle as the name if none is given', async () => {
    expect((await insert({ preferredUsername: 'nameless', name: '  ' })).display_name).toBe('nameless');
  });

  it.each(['\u2800', '\u0007', '\ufffc\u200b', '\u202e'])(
    'uses the handle as the name if the name is blank: %j',
    async (name) => {
      const person = await insert({ name });
      expect(person.display_name).toBe(person.handle);
    },
  );

  it('inserts everybody in a race for one handle', async () => {
    const made = await Promise.all(
      Array.from({ length: 12 }, () => insert({ preferredUsername: 'popular' })),
    );
    const handles = made.map(({ handle }) => handle.toLowerCase());
    expect(new Set(handles).size).toBe(12);
    expect(handles).toContain('popular');
  });

  it('never returns the account that already has the e-mail, and does not refuse the new person', async () => {
    const first = await insert({ email: 'shared@example.com' });
    const second = await insert({ email: 'SHARED@example.com' });
    expect(second.uuid).not.toBe(first.uuid);
    expect(second.email).toBeNull();
    expect(await read(first.uuid)).toMatchObject({
      email: 'shared@example.com',
      cognito_user_id: first.cognito_user_id,
    });
  });

  it('inserts everybody in a race for one e-mail', async () => {
    const made = await Promise.all(Array.from({ length: 6 }, () => insert({ email: 'raced@example.com' })));
    expect(made.filter(({ email }) => email !== null)).toHaveLength(1);
  });

  it('cuts a name that is too long and drops what Postgres cannot store', async () => {
    const person = await insert({ name: `a\0${'b'.repeat(58)}😀😀` });
    expect(person.display_name).toBe(`a${'b'.repeat(58)}`);
    const family = '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}';
    expect((await insert({ name: `${'x'.repeat(55)}${family}` })).display_name).toBe('x'.repeat(55));
  });

  it('drops controls and directional controls from a name', async () => {
    const person = await insert({ name: '\u202eM\u001b[1ma\nya\u2066' });
    expect(person.display_name).toBe('M[1maya');
  });
});

describe('finding people', () => {
  it('finds by sub, many in one query, disabled and erased people too', async () => {
    const [a, b, c] = [await insert(), await insert(), await insert()];
    await users.disable(database.pool, b.uuid);
    await erase(c.uuid);
    const subs = [a, b, c].map((person) => person.cognito_user_id ?? '');
    const found = await users.findBySubs(database.pool, [...subs, 'unknown', 'nul\0', "'"]);
    expect([...found.keys()].sort()).toEqual([...subs].sort());
    expect(found.get(subs[1] ?? '')?.disabled_at).toBeInstanceOf(Date);
    expect(found.get(subs[2] ?? '')?.erased_at).toBeInstanceOf(Date);
    expect(await users.findBySub(database.pool, subs[0] ?? '')).toEqual(a);
    expect(await users.findBySub(database.pool, 'unknown')).toBeNull();
  });

  it('finds by handle in any case, except erased people', async () => {
    const person = await insert({ preferredUsername: 'Linus' });
    expect(await users.findByHandle(database.pool, 'lINUS')).toEqual(person);
    expect(await users.findByHandle(database.pool, 'linu')).toBeNull();
    expect(await users.findByHandle(database.pool, 'nul\0')).toBeNull();
    await erase(person.uuid);
    expect(await users.findByHandle(database.pool, 'Linus')).toBeNull();
  });

  it('returns many handles under the spelling in the request', async () => {
    const person = await insert({ preferredUsername: 'Barbara' });
    const found = await users.findByHandles(database.pool, ['barbara', 'BARBARA', 'nobody']);
    expect([...found]).toEqual(
      expect.arrayContaining([
        ['barbara', person],
        ['BARBARA', person],
      ]),
    );
    expect(found.size).toBe(2);
  });

  it('reads names by uuid and ignores invalid uuids', async () => {
    const person = await insert();
    const found = await users.findNames(database.pool, [person.uuid, randomUUID(), 'no uuid', '']);
    expect([...found]).toEqual([
      [person.uuid, { handle: person.handle, display_name: person.display_name, tone: person.tone }],
    ]);
  });
});

describe('a profile', () => {
  it('changes name and bio, and keeps the bio if none is given', async () => {
    const { uuid } = await insert();
    const before = await read(uuid);
    const changed = await users.updateProfile(database.pool, uuid, { display_name: 'New', bio: "It's 'me'" });
    expect(changed).toMatchObject({ uuid, display_name: 'New', bio: "It's 'me'" });
    expect(await users.updateProfile(database.pool, uuid, { display_name: 'Newer' })).toMatchObject({
      display_name: 'Newer',
      bio: "It's 'me'",
    });
    expect(await read(uuid)).not.toMatchObject({ updated_at: (before as { updated_at?: Date }).updated_at });
  });

  it('refuses text that Postgres cannot store', async () => {
    const { uuid } = await insert();
    await expect(users.updateProfile(database.pool, uuid, { display_name: 'a\0' })).rejects.toMatchObject({
      codes: ['text_not_well_formed'],
    });
  });

  it('cannot be changed once the person is erased', async () => {
    const { uuid } = await insert();
    await erase(uuid);
    expect(await users.updateProfile(database.pool, uuid, { display_name: 'Back' })).toBeNull();
    expect(await users.updateProfile(database.pool, randomUUID(), { display_name: 'x' })).toBeNull();
  });
});

describe('a sign-out', () => {
  const at = (iso: string) => ({ signed_out_at: new Date(iso) });
  const seconds = (iso: string) => Math.floor(Date.parse(iso) / 1_000);

  it('revokes tokens of earlier seconds and of its own second, not later ones', () => {
    const user = at('2026-01-01T12:00:00.001Z');
    expect(users.isTokenRevoked(user, seconds('2026-01-01T11:59:59Z'))).toBe(true);
    expect(users.isTokenRevoked(user, seconds('2026-01-01T12:00:00Z'))).toBe(true);
    expect(users.isTokenRevoked(user, seconds('2026-01-01T12:00:01Z'))).toBe(false);
    expect(users.isTokenRevoked(at('2026-01-01T12:00:00.999Z'), seconds('2026-01-01T12:00:00Z'))).toBe(true);
    expect(users.isTokenRevoked(at('2026-01-01T12:00:00.000Z'), seconds('2026-01-01T12:00:00Z'))).toBe(true);
  });

  it('revokes a token without a time, but no token of a person who never signed out', () => {
    expect(users.isTokenRevoked({ signed_out_at: null }, 0)).toBe(false);
    expect(users.isTokenRevoked(at('2026-01-01T12:00:00Z'), Number.NaN)).toBe(true);
  });

  it('revokes the tokens issued up to now, but not those of a sign-in after the answer', async () => {
    const { uuid } = await insert();
    const before = Math.floor(Date.now() / 1_000);
    await users.signOut(database.pool, uuid);
    const after = Math.floor(Date.now() / 1_000);
    const user = await read(uuid);
    expect(user && users.isTokenRevoked(user, before)).toBe(true);
    expect(user && users.isTokenRevoked(user, after)).toBe(false);
  });

  it('revokes the caller’s token even if its issuer’s clock is ahead, and never moves back', async () => {
    const { uuid } = await insert();
    const ahead = Math.floor(Date.now() / 1_000) + 30;
    await users.signOut(database.pool, uuid, ahead);
    await users.signOut(database.pool, uuid);
    const user = await read(uuid);
    expect(user && users.isTokenRevoked(user, ahead)).toBe(true);
  });
});

describe('a disabled account', () => {
  it('keeps its first disabled_at, and can be enabled again', async () => {
    const { uuid } = await insert();
    const first = await users.disable(database.pool, uuid);
    expect(first?.disabled_at).toBeInstanceOf(Date);
    expect((await users.disable(database.pool, uuid))?.disabled_at).toEqual(first?.disabled_at);
    expect((await users.enable(database.pool, uuid))?.disabled_at).toBeNull();
    expect(await users.disable(database.pool, randomUUID())).toBeNull();
  });
});

describe('the tones of faces', () => {
  const tones = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const tonesOf = async (uuids: string[]) =>
    [...(await users.findNames(database.pool, uuids)).values()].map(({ tone }) => tone ?? 0);

  it('are dealt in turn to those who sign up at once', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => insert()));
    const dealt = made.map(({ tone }) => tone ?? 0).sort((one, other) => one - other);
    expect(dealt).toEqual(tones.flatMap((tone) => [tone, tone]));
  });

  it('are dealt to imported people too', async () => {
    const found = await users.insertPeople(
      database.pool,
      tones.map((tone) => ({ handle: `toned ${tone}` })),
    );
    const dealt = await tonesOf([...found.values()].map(({ uuid }) => uuid));
    expect(dealt.sort((one, other) => one - other)).toEqual(tones);
  });

  it('are not used up by repeats and by handles that are taken', async () => {
    const again = signUp({ preferredUsername: 'Toned' });
    const { tone } = await users.insertFromSignUp(database.pool, again);
    await users.insertFromSignUp(database.pool, again);
    await users.insertPeople(database.pool, [{ handle: 'toned' }, { handle: 'TONED' }]);
    const next = await insert({ preferredUsername: 'toned', email: 'toned@example.com' });
    expect(next.tone).toBe(((tone ?? 0) % 10) + 1);
  });

  it('are dealt by the migrations in the order in which people joined, and go on from there', async () => {
    await database.pool.query('alter table users drop column tone');
    const everybody = await database.pool.query<{ uuid: string }>(
      'select uuid from users where erased_at is null order by created_at, uuid',
    );
    for (const name of ['0005_tones', '0006_first_tones']) {
      const file = new URL(`../../../db/migrations/${name}.sql`, import.meta.url);
      await database.pool.query(await readFile(file, 'utf8'));
    }
    const { rows } = await database.pool.query<{ uuid: string; tone: number | null }>(
      'select uuid, tone from users where tone is not null order by created_at, uuid',
    );
    expect(rows).toEqual(everybody.rows.map(({ uuid }, index) => ({ uuid, tone: (index % 10) + 1 })));
    expect((await insert()).tone).toBe((rows.length % 10) + 1);
  });
});

describe('an import of people', () => {
  it('keeps handles exactly and returns everybody by the lower-cased handle', async () => {
    const imported = ['[R]eal Name', "o'brien|away", 'ÉCLAIR', '^_^', 'a\\b', ' space '];
    const found = await users.insertPeople(
      database.pool,
      imported.map((handle) => ({ handle })),
    );
    expect([...found.keys()].sort()).toEqual(imported.map((handle) => handle.toLowerCase()).sort());
    for (const handle of imported) {
      expect(found.get(handle.toLowerCase())).toEqual({
        uuid: expect.any(String),
        handle,
        display_name: handle,
      });
    }
  });

  it('treats handles that differ only in case as one person, within a batch and with existing people', async () => {
    const person = await insert({ preferredUsername: 'Existing', name: 'Already here' });
    const found = await users.insertPeople(database.pool, [
      { handle: 'EXISTING', display_name: 'Other' },
      { handle: 'Twice' },
      { handle: 'twice' },
    ]);
    expect(found.size).toBe(2);
    expect(found.get('existing')).toEqual({
      uuid: person.uuid,
      handle: 'Existing',
      display_name: 'Already here',
    });
    expect(found.get('twice')?.handle).toBe('Twice');
  });

  it('is safe to repeat and to run concurrently, in several chunks', async () => {
    const crowd = Array.from({ length: 1_500 }, (_, index) => ({ handle: `crowd ${index}` }));
    const [first, second] = await Promise.all([
      users.insertPeople(database.pool, crowd),
      users.insertPeople(database.pool, crowd.toReversed()),
    ]);
    expect(first.size).toBe(1_500);
    expect(second).toEqual(new Map([...second.keys()].map((key) => [key, first.get(key)])));
    expect(await users.insertPeople(database.pool, crowd)).toEqual(first);
  });

  it('refuses a handle that Postgres cannot store', async () => {
    await expect(users.insertPeople(database.pool, [{ handle: 'DELETED-1' }])).rejects.toMatchObject({
      codes: ['handles_invalid'],
    });
    await expect(users.insertPeople(database.pool, [{ handle: 'a\0' }])).rejects.toMatchObject({
      codes: ['text_not_well_formed'],
    });
  });
});

import { createHash, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fold } from '@parley/contract/fold';
import { cutUnits } from '@parley/contract/graphemes';
import { isHandle, isReservedHandle } from '@parley/contract/handles';
import { isWellFormedName, withoutForbidden } from '@parley/contract/names';
import { isBlank } from '@parley/contract/visible';
import type { Pool } from 'pg';
import { AppError } from '../errors.ts';

export type User = {
  uuid: string;
  handle: string;
  display_name: string;
  bio: string;
  /** 1 to 10: the colour of the person's face. Null for erased people. */
  tone: number | null;
  /** Null for imported people, and if another person had the address first. */
  email: string | null;
  /** The `sub` of the person's tokens; null for imported people. */
  cognito_user_id: string | null;
  signed_out_at: Date | null;
  disabled_at: Date | null;
  /** Set on a tombstone: the person is gone, the uuid stays. */
  erased_at: Date | null;
};

export type Name = Pick<User, 'handle' | 'display_name' | 'tone'>;

/** SQL: the columns of a `User`. */
export const userColumns =
  'uuid, handle, display_name, bio, tone, email, cognito_user_id, signed_out_at, disabled_at, erased_at';

/** Postgres cannot store U+0000 in text. A search for it finds nothing; a write of it is refused. */
export const isStorable = (text: string) => !text.includes('\0');

export async function findBySub(pool: Pool, sub: string): Promise<User | null> {
  return (await findBySubs(pool, [sub])).get(sub) ?? null;
}

/** The people with these subs, disabled and erased ones included: the caller decides what they may do. */
export async function findBySubs(pool: Pool, subs: readonly string[]): Promise<Map<string, User>> {
  const found = await findByStoredSubs(pool, subs.filter(isStorable));
  const missing = subs.filter((sub) => !found.has(sub));
  if (missing.length === 0) return found;
  // A hash is computed only for the few subs that were not found.
  const tombstones = await findByStoredSubs(pool, missing.map(erasedSub));
  for (const sub of missing) {
    const user = tombstones.get(erasedSub(sub));
    if (user) found.set(sub, user);
  }
  return found;
}

async function findByStoredSubs(pool: Pool, subs: readonly string[]): Promise<Map<string, User>> {
  const { rows } = await pool.query<User>(
    `select ${userColumns} from users where cognito_user_id = any($1::text[])`,
    [subs],
  );
  return new Map(rows.map((user) => [user.cognito_user_id ?? '', user]));
}

/** The form in which a tombstone stores a `sub`: enough to recognize an old token or a late sign-up, and refuse it. */
export const erasedSub = (sub: string) => `erased:${createHash('sha256').update(sub).digest('base64url')}`;
export const isErasedSub = (sub: string) => sub.startsWith('erased:');

export async function findByUuid(pool: Pool, uuid: string): Promise<User | null> {
  const { rows } = await pool.query<User>(`select ${userColumns} from users where uuid = $1`, [uuid]);
  return rows[0] ?? null;
}

const wellFormedUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isWellFormedUuid = (uuid: string) => wellFormedUuid.test(uuid);

/**
 * Names by uuid, in one query. Uuids without a row are missing from the map. Erased people have a tombstone's names.
 */
export async function findNames(pool: Pool, uuids: readonly string[]): Promise<Map<string, Name>> {
  const { rows } = await pool.query<Person & Name>(
    'select uuid, handle, display_name, tone from users where uuid = any($1::uuid[])',
    [uuids.filter(isWellFormedUuid)],
  );
  return new Map(rows.map(({ uuid, ...name }) => [uuid, name]));
}

/** Finds a person by handle, in any case. Erased people are not found. */
export async function findByHandle(pool: Pool, handle: string): Promise<User | null> {
  return (await findByHandles(pool, [handle])).get(handle) ?? null;
}

/** Keyed by the handles as they were passed in. Only Postgres folds case, because JavaScript's rules differ. */
export async function findByHandles(pool: Pool, handles: readonly string[]): Promise<Map<string, User>> {
  const { rows } = await pool.query<User & { asked: string }>(
    `select asked, ${userColumns}
     from unnest($1::text[]) as asked join users on lower(handle) = lower(asked)
     where erased_at is null`,
    [handles.filter(isStorable)],
  );
  return new Map(rows.map(({ asked, ...user }) => [asked, user]));
}

/** Without a bio the stored one stays. Returns null if there is no such person. Fails with `text_not_well_formed`. */
export async function updateProfile(
  pool: Pool,
  uuid: string,
  profile: { display_name: string; bio?: string | undefined },
): Promise<User | null> {
  if (!isWellFormedName(profile.display_name) || !isStorable(profile.bio ?? '')) {
    throw new AppError('text_not_well_formed');
  }
  const { rows } = await pool.query<User>(
    `update users set display_name = $2, name_folded = $4, bio = coalesce($3, bio), updated_at = now()
     where uuid = $1 and erased_at is null
     returning ${userColumns}`,
    [uuid, profile.display_name, profile.bio, fold(profile.display_name)],
  );
  return rows[0] ?? null;
}

/**
 * Ends every session of a person. Tokens have a time in whole seconds, so tokens from the second of the sign-out are
 * revoked too (`isTokenRevoked`). The promise resolves when that second is over, so that a sign-in after the answer
 * gets a valid token.
 *
 * @param issuedAtSeconds The time of the caller's own token. That token is revoked even if the issuer's clock is ahead.
 */
export async function signOut(pool: Pool, uuid: string, issuedAtSeconds?: number): Promise<void> {
  const { rows } = await pool.query<{ signed_out_at: Date }>(
    `update users
     set signed_out_at = greatest(signed_out_at, clock_timestamp(), to_timestamp($2::float8)), updated_at = now()
     where uuid = $1
     returning signed_out_at`,
    [uuid, issuedAtSeconds],
  );
  // A timer may fire a little early.
  if (rows[0]) await sleep(1_005 - (rows[0].signed_out_at.getTime() % 1_000));
}

/**
 * Whether a token is from before the person's last sign-out, or from the same second.
 *
 * @param issuedAtSeconds The token's `auth_time`, or its `iat` if it has none. A refreshed token has a later `iat` than
 *   its sign-in.
 */
export function isTokenRevoked(
  { signed_out_at }: Pick<User, 'signed_out_at'>,
  issuedAtSeconds: number,
): boolean {
  // Not `<=`: a token without a time (NaN) must count as revoked.
  return signed_out_at !== null && !(issuedAtSeconds * 1_000 > signed_out_at.getTime());
}

/**
 * Locks a person out until `enable`. A repeat keeps the first `disabled_at`. Returns null if there is no such person.
 */
export async function disable(pool: Pool, uuid: string): Promise<User | null> {
  const { rows } = await pool.query<User>(
    `update users set disabled_at = coalesce(disabled_at, now()), updated_at = now()
     where uuid = $1
     returning ${userColumns}`,
    [uuid],
  );
  return rows[0] ?? null;
}

export async function enable(pool: Pool, uuid: string): Promise<User | null> {
  const { rows } = await pool.query<User>(
    `update users set disabled_at = null, updated_at = now() where uuid = $1 returning ${userColumns}`,
    [uuid],
  );
  return rows[0] ?? null;
}

export type SignUp = {
  sub: string;
  preferredUsername?: string | undefined;
  name?: string | undefined;
  email?: string | undefined;
};

const derivedHandleChars = 20;
const attempts = 8;
const displayNameChars = 60;

/**
 * Inserts the person of a sign-up, or returns the one who already has its `sub`. Safe to repeat and to run
 * concurrently. If another person has the address, the new person gets none: a shared address must not give access to
 * an account. Fails with `busy` if no derived handle was free.
 */
export async function insertFromSignUp(pool: Pool, signUp: SignUp): Promise<User> {
  const { sub, email } = signUp;
  const wanted = signUp.preferredUsername?.trim() ?? '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    const isWanted = attempt === 0 && isHandle(wanted);
    const handle = isWanted ? wanted : numberedHandle(email, attempt);
    const displayName = presentableName(signUp.name) ?? handle;
    const user = await insertUnlessTaken(pool, { handle, displayName, email, sub });
    if (user) return user;
    const known = await findBySub(pool, sub);
    if (known) return known;
  }
  throw new AppError('busy');
}

/** SQL: whether a handle belonged to an erased person. Nobody gets it again. */
export const isRetired = (handle: string) =>
  `exists (select from retired_handles where handle_hash = sha256(convert_to(lower(${handle}), 'UTF8')))`;

/** Whether a person can choose this handle: it is well-formed, nobody has it, and no erased person had it. */
export async function isAvailable(pool: Pool, handle: string): Promise<boolean> {
  if (!isHandle(handle)) return false;
  const { rows } = await pool.query<{ is_taken: boolean }>(
    `select exists (select from users where lower(handle) = lower($1)) or ${isRetired('$1')} as is_taken`,
    [handle],
  );
  return rows[0]?.is_taken === false;
}

/** Returns null if the sub or the handle is taken, or if a concurrent sign-up was first with the address. */
async function insertUnlessTaken(
  pool: Pool,
  person: { handle: string; displayName: string; email: string | undefined; sub: string },
): Promise<User | null> {
  const { rows } = await pool.query<User>(
    `insert into users (handle, display_name, handle_folded, name_folded, email, cognito_user_id)
     select $1, $2, $6, $7, (select $3::text where not exists (select from users where lower(email) = lower($3))), $4
     where not exists (select from users where cognito_user_id = $5 or lower(handle) = lower($1))
       and not ${isRetired('$1')}
     on conflict do nothing
     returning ${userColumns}`,
    [
      person.handle,
      person.displayName,
      person.email || null,
      person.sub,
      erasedSub(person.sub),
      fold(person.handle),
      fold(person.displayName),
    ],
  );
  return rows[0] ?? null;
}

/** The local part of the address with a random number: two digits at first, one more for each attempt. */
function numberedHandle(email: string | undefined, attempt: number) {
  const localPart = email?.split('@')[0]?.split('+')[0] ?? '';
  const allowed = localPart.replace(/[^A-Za-z0-9_.-]/g, '').slice(0, derivedHandleChars);
  const name = allowed === '' || isReservedHandle(allowed) ? 'user' : allowed;
  return `${name}${randomInt(10 ** (attempt + 1), 10 ** (attempt + 2))}`;
}

/**
 * The name without characters that cannot be stored or shown, cut to 60 units. Undefined if nothing visible remains.
 */
function presentableName(name = ''): string | undefined {
  const text = cutUnits(withoutForbidden(name).trim(), displayNameChars);
  return isBlank(text) ? undefined : text;
}

export type ImportedPerson = { handle: string; display_name?: string | undefined };
export type Person = Pick<User, 'uuid' | 'handle' | 'display_name'>;

const insertChunk = 1_000;

/**
 * Inserts the people who are missing, with exactly these handles, and returns everybody, keyed by the lower-cased
 * handle. Handles that differ only in case are one person: the first spelling stays. A handle of an erased person is
 * left out. Safe to repeat. Fails with `text_not_well_formed` or `handles_invalid`.
 */
export async function insertPeople(
  pool: Pool,
  people: readonly ImportedPerson[],
): Promise<Map<string, Person>> {
  const found = new Map<string, Person>();
  for (let start = 0; start < people.length; start += insertChunk) {
    const chunk = people.slice(start, start + insertChunk);
    const handles = chunk.map(({ handle }) => handle);
    const names = chunk.map(({ handle, display_name }) => display_name ?? handle);
    if (!handles.every(isStorable)) throw new AppError('text_not_well_formed');
    if (handles.some(isReservedHandle)) throw new AppError('handles_invalid');
    // Rows that are left out use up no tone, except in a race.
    // Sorted, so that two imports at a time wait for each other instead of ending in a deadlock.
    await pool.query(
      `insert into users (handle, display_name, handle_folded, name_folded)
       select distinct on (lower(handle)) handle, display_name, handle_folded, name_folded
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
         as person (handle, display_name, handle_folded, name_folded, position)
       where not ${isRetired('handle')}
         and not exists (select from users where lower(users.handle) = lower(person.handle))
       order by lower(handle), position
       on conflict do nothing`,
      [handles, names, handles.map(fold), names.map(fold)],
    );
    const { rows } = await pool.query<Person & { asked: string }>(
      `select asked, uuid, handle, display_name
       from unnest($1::text[]) as asked join users on lower(handle) = lower(asked)`,
      [handles],
    );
    for (const { asked, ...person } of rows) found.set(asked.toLowerCase(), person);
  }
  return found;
}

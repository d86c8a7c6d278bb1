import { createHash, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fold } from '@parley/contract/fold';
import { cutUnits } from '@parley/contract/graphemes';
import { isHandle, isReservedHandle } from '@parley/contract/handles';
import { isWellFormedName, withoutUnfit } from '@parley/contract/names';
import { isBlank } from '@parley/contract/visible';
import type { Pool } from 'pg';
import { AppError } from '../errors.ts';

export type User = {
  uuid: string;
  handle: string;
  display_name: string;
  bio: string;
  /** Null for imported people, and where another person had the address first. */
  email: string | null;
  /** The `sub` of the person's tokens; null for imported people. */
  cognito_user_id: string | null;
  signed_out_at: Date | null;
  disabled_at: Date | null;
  /** Set on a tombstone: the person is gone, the uuid stays. */
  erased_at: Date | null;
};

export type Name = Pick<User, 'handle' | 'display_name'>;

/** What a `User` holds. */
export const userColumns =
  'uuid, handle, display_name, bio, email, cognito_user_id, signed_out_at, disabled_at, erased_at';

/** Postgres cannot hold U+0000 in text. Who searches for it finds nothing, who writes it is told. */
export const isStorable = (text: string) => !text.includes('\0');

export async function findBySub(pool: Pool, sub: string): Promise<User | null> {
  return (await findBySubs(pool, [sub])).get(sub) ?? null;
}

/** The people of these subs, disabled and erased ones included: the caller decides what they may. */
export async function findBySubs(pool: Pool, subs: readonly string[]): Promise<Map<string, User>> {
  const found = await findByStoredSubs(pool, subs.filter(isStorable));
  const missing = subs.filter((sub) => !found.has(sub));
  if (missing.length === 0) return found;
  // Few are strangers or erased: for nobody else a hash is computed.
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

/** What a tombstone keeps of a `sub`: enough to refuse an old token, and a sign-up that comes late. */
export const erasedSub = (sub: string) => `erased:${createHash('sha256').update(sub).digest('base64url')}`;
export const isErasedSub = (sub: string) => sub.startsWith('erased:');

export async function findByUuid(pool: Pool, uuid: string): Promise<User | null> {
  const { rows } = await pool.query<User>(`select ${userColumns} from users where uuid = $1`, [uuid]);
  return rows[0] ?? null;
}

const wellFormedUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isWellFormedUuid = (uuid: string) => wellFormedUuid.test(uuid);

/** Names by uuid in one query. The row of an erased person holds no name of theirs any more, and is read like any. */
export async function findNames(pool: Pool, uuids: readonly string[]): Promise<Map<string, Name>> {
  const { rows } = await pool.query<Person>(
    'select uuid, handle, display_name from users where uuid = any($1::uuid[])',
    [uuids.filter(isWellFormedUuid)],
  );
  return new Map(rows.map(({ uuid, handle, display_name }) => [uuid, { handle, display_name }]));
}

/** Case does not matter. Erased people are not found. */
export async function findByHandle(pool: Pool, handle: string): Promise<User | null> {
  return (await findByHandles(pool, [handle])).get(handle) ?? null;
}

/** Keyed by the handles as they were given. Postgres alone folds case: its rules and JavaScript's differ. */
export async function findByHandles(pool: Pool, handles: readonly string[]): Promise<Map<string, User>> {
  const { rows } = await pool.query<User & { asked: string }>(
    `select asked, ${userColumns}
     from unnest($1::text[]) as asked join users on lower(handle) = lower(asked)
     where erased_at is null`,
    [handles.filter(isStorable)],
  );
  return new Map(rows.map(({ asked, ...user }) => [asked, user]));
}

/** Returns null for a person who is gone. A bio that is not given stays. */
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
 * Ends every session of a person. Tokens tell their second only, so the whole second of the sign-out is dead
 * (`isTokenRevoked`), and this resolves when it is over: a sign-in that follows the answer has a later one. The
 * time of the token that asks makes sure that this one dies even if the issuer's clock runs ahead of Postgres.
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
 * Whether a token is from before the person's last sign-out. A token of the same second counts as before: the safe
 * side. Pass `auth_time` where the token has it, for a refreshed token has a later `iat` than the sign-in it stems from.
 */
export function isTokenRevoked(
  { signed_out_at }: Pick<User, 'signed_out_at'>,
  issuedAtSeconds: number,
): boolean {
  // Asked the other way round, a token without a time would pass.
  return signed_out_at !== null && !(issuedAtSeconds * 1_000 > signed_out_at.getTime());
}

/** Shuts a person out until `enable`. Repeating it keeps the first time. */
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
 * Makes the person of a sign-up, or returns the one its `sub` has already: safe to repeat and to race.
 * An address that belongs to somebody else is left out, never a reason to hand over that person's account.
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

/** SQL: whether a handle was an erased person's, which nobody gets again. */
export const isRetired = (handle: string) =>
  `exists (select from retired_handles where handle_hash = sha256(convert_to(lower(${handle}), 'UTF8')))`;

/** Whether a person can choose this handle: it is well-formed, and nobody has it or had it. */
export async function isAvailable(pool: Pool, handle: string): Promise<boolean> {
  if (!isHandle(handle)) return false;
  const { rows } = await pool.query<{ is_taken: boolean }>(
    `select exists (select from users where lower(handle) = lower($1)) or ${isRetired('$1')} as is_taken`,
    [handle],
  );
  return rows[0]?.is_taken === false;
}

/** Returns null where the sub or the handle is taken, or another sign-up won the race for the address just now. */
async function insertUnlessTaken(
  pool: Pool,
  person: { handle: string; displayName: string; email: string | undefined; sub: string },
): Promise<User | null> {
  const { rows } = await pool.query<User>(
    `insert into users (handle, display_name, handle_folded, name_folded, email, cognito_user_id)
     select $1, $2, $6, $7, (select $3::text where not exists (select from users where lower(email) = lower($3))), $4
     where not exists (select from users where cognito_user_id = $5) and not ${isRetired('$1')}
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

/** The address's local part and a number, which has two digits at first and one more with each attempt. */
function numberedHandle(email: string | undefined, attempt: number) {
  const localPart = email?.split('@')[0]?.split('+')[0] ?? '';
  const allowed = localPart.replace(/[^A-Za-z0-9_.-]/g, '').slice(0, derivedHandleChars);
  const name = allowed === '' || isReservedHandle(allowed) ? 'user' : allowed;
  return `${name}${randomInt(10 ** (attempt + 1), 10 ** (attempt + 2))}`;
}

/** Undefined where nothing of it can be seen. */
function presentableName(name = ''): string | undefined {
  const text = cutUnits(withoutUnfit(name).trim(), displayNameChars);
  return isBlank(text) ? undefined : text;
}

export type ImportedPerson = { handle: string; display_name?: string | undefined };
export type Person = Pick<User, 'uuid' | 'handle' | 'display_name'>;

const insertChunk = 1_000;

/**
 * Makes the people who are missing, with their handles to the letter, and returns everybody, keyed by the lower-cased
 * handle. A handle that differs only in case is the same person: the first spelling stays. Who was erased is left out.
 * Safe to repeat.
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
    // In one order, so that two imports at a time wait for each other instead of dying in a deadlock.
    await pool.query(
      `insert into users (handle, display_name, handle_folded, name_folded)
       select handle, display_name, handle_folded, name_folded
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
         as person (handle, display_name, handle_folded, name_folded, position)
       where not ${isRetired('handle')}
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

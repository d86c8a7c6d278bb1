import type { Pool } from 'pg';
import { deletedName, type IsErased } from '../log/erased.ts';
import { vacateTombstones } from '../people/tombstones.ts';
import * as users from '../people/users.ts';

/** An erasure that is under way: its person is gone for everybody, and what is stored elsewhere may still hold them. */
export type Erasure = { uuid: string; erased_at: Date; cognito_user_id: string | null };

/**
 * Makes a person's row a tombstone: from here on nobody is shown a name or a text of theirs, and no token of theirs is
 * good. Their handle is retired. Keeps the `sub`, so that the sign-in can be deleted. Repeating it keeps the first
 * time. Null where there is no such person.
 */
export async function begin(pool: Pool, userUuid: string): Promise<Erasure | null> {
  await vacateTombstones(pool, [userUuid]);
  await pool.query(
    `with person as (select uuid, handle from users where uuid = $1 and erased_at is null for update),
          retired as (
            insert into retired_handles (handle_hash)
            select sha256(convert_to(lower(handle), 'UTF8')) from person
            on conflict do nothing)
     update users
     set handle = 'deleted-' || users.uuid, display_name = $2, handle_folded = '', name_folded = '', bio = '',
         email = null, erased_at = now(), updated_at = now()
     from person where users.uuid = person.uuid`,
    [userUuid, deletedName],
  );
  const { rows } = await pool.query<Erasure>(
    'select uuid, erased_at, cognito_user_id from users where uuid = $1 and erased_at is not null',
    [userUuid],
  );
  return rows[0] ?? null;
}

/** Notes that the sign-in is deleted. Of the `sub` it keeps what refuses an old token. Safe to repeat. */
export async function forgetSub(pool: Pool, erasure: Erasure) {
  if (!hasSignIn(erasure)) return;
  await pool.query('update users set cognito_user_id = $2 where uuid = $1 and erased_at is not null', [
    erasure.uuid,
    users.erasedSub(erasure.cognito_user_id),
  ]);
}

/** Whether a sign-in may exist that is still to be deleted. */
export const hasSignIn = (erasure: Erasure): erasure is Erasure & { cognito_user_id: string } =>
  erasure.cognito_user_id !== null && !users.isErasedSub(erasure.cognito_user_id);

/** Notes that nothing of the person is left. Safe to repeat. */
export async function finish(pool: Pool, userUuid: string) {
  await pool.query(
    `update users set erasure_finished_at = coalesce(erasure_finished_at, now())
     where uuid = $1 and erased_at is not null`,
    [userUuid],
  );
}

/** Begins the passes anew of whoever was erased since: something may have been written by what was known before. */
export async function reopen(pool: Pool, since: Date) {
  await pool.query(
    'update users set erasure_finished_at = null where erasure_finished_at is not null and erased_at >= $1',
    [since],
  );
}

/** By the clock of Postgres. */
export async function now(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date();
}

/** By the clock of Postgres, which dated it. */
export async function isOlderThan(pool: Pool, userUuid: string, ms: number): Promise<boolean> {
  const { rows } = await pool.query<{ is_older: boolean }>(
    `select clock_timestamp() - erased_at >= make_interval(secs => $2) as is_older from users where uuid = $1`,
    [userUuid, ms / 1_000],
  );
  return rows[0]?.is_older === true;
}

/** Erasures that did not come to their end yet, the oldest first. */
export async function unfinished(pool: Pool): Promise<Erasure[]> {
  const { rows } = await pool.query<Erasure>(
    `select uuid, erased_at, cognito_user_id from users
     where erased_at is not null and erasure_finished_at is null order by erased_at limit 1000`,
  );
  return rows;
}

/** Everybody who was erased. */
export const everybody = (pool: Pool) => listed(pool, 'erased_at is not null');

/** Those of whom nothing is left. */
export const finished = (pool: Pool) => listed(pool, 'erasure_finished_at is not null');

/** 36 bytes of memory for each. */
async function listed(pool: Pool, condition: string): Promise<IsErased> {
  const { rows } = await pool.query<{ uuid: string }>(`select uuid from users where ${condition}`);
  const erased = new Set(rows.map(({ uuid }) => uuid));
  return (userUuid) => erased.has(userUuid);
}

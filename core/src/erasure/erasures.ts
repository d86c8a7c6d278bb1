import type { Pool } from 'pg';
import { deletedName, type IsErased } from '../log/erased.ts';
import { vacateTombstones } from '../people/tombstones.ts';
import * as users from '../people/users.ts';

/** An unfinished erasure: nobody sees the person any more, but the table and dead letters may still hold their data. */
export type Erasure = { uuid: string; erased_at: Date; cognito_user_id: string | null };

/**
 * Makes a person's row a tombstone. From now on nobody sees their names or texts, and their tokens are refused. Their
 * handle is retired. The row keeps the `sub` until the sign-in is deleted. A repeat keeps the first `erased_at`.
 * Returns null if there is no such person.
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
         tone = null, email = null, erased_at = now(), updated_at = now()
     from person where users.uuid = person.uuid`,
    [userUuid, deletedName],
  );
  const { rows } = await pool.query<Erasure>(
    'select uuid, erased_at, cognito_user_id from users where uuid = $1 and erased_at is not null',
    [userUuid],
  );
  return rows[0] ?? null;
}

/** Records that the sign-in is deleted. Keeps a hash of the `sub`, so that old tokens are refused. Safe to repeat. */
export async function forgetSub(pool: Pool, erasure: Erasure) {
  if (!hasSignIn(erasure)) return;
  await pool.query('update users set cognito_user_id = $2 where uuid = $1 and erased_at is not null', [
    erasure.uuid,
    users.erasedSub(erasure.cognito_user_id),
  ]);
}

/** Whether the person's sign-in may still exist. */
export const hasSignIn = (erasure: Erasure): erasure is Erasure & { cognito_user_id: string } =>
  erasure.cognito_user_id !== null && !users.isErasedSub(erasure.cognito_user_id);

/** Records that none of the person's data is left. Safe to repeat. */
export async function finish(pool: Pool, userUuid: string) {
  await pool.query(
    `update users set erasure_finished_at = coalesce(erasure_finished_at, now())
     where uuid = $1 and erased_at is not null`,
    [userUuid],
  );
}

/** Reopens the erasures since then: a restore or import may have written the people's data from what it read before. */
export async function reopen(pool: Pool, since: Date) {
  await pool.query(
    'update users set erasure_finished_at = null where erasure_finished_at is not null and erased_at >= $1',
    [since],
  );
}

/** The time by the clock of Postgres. */
export async function now(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date();
}

/** Whether the person was erased at least `ms` ago, by the clock of Postgres. */
export async function isOlderThan(pool: Pool, userUuid: string, ms: number): Promise<boolean> {
  const { rows } = await pool.query<{ is_older: boolean }>(
    `select clock_timestamp() - erased_at >= make_interval(secs => $2) as is_older from users where uuid = $1`,
    [userUuid, ms / 1_000],
  );
  return rows[0]?.is_older === true;
}

/** Up to 1,000 unfinished erasures, oldest first. */
export async function unfinished(pool: Pool): Promise<Erasure[]> {
  const { rows } = await pool.query<Erasure>(
    `select uuid, erased_at, cognito_user_id from users
     where erased_at is not null and erasure_finished_at is null order by erased_at limit 1000`,
  );
  return rows;
}

/** Says of a person whether they were erased. */
export const everybody = (pool: Pool) => listed(pool, 'erased_at is not null');

/** Says of a person whether their erasure is finished. */
export const finished = (pool: Pool) => listed(pool, 'erasure_finished_at is not null');

/** Reads all these uuids into memory. */
async function listed(pool: Pool, condition: string): Promise<IsErased> {
  const { rows } = await pool.query<{ uuid: string }>(`select uuid from users where ${condition}`);
  const erased = new Set(rows.map(({ uuid }) => uuid));
  return (userUuid) => erased.has(userUuid);
}

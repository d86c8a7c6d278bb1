import type { Pool } from 'pg';

/**
 * Gives a new handle to anybody who has the handle that one of these people's tombstones needs. Nobody can choose such
 * a handle, but a row that was written by hand or by an earlier version may have it. It would block the erasure. Safe
 * to repeat.
 */
export async function vacateTombstones(pool: Pool, userUuids: readonly string[]) {
  await pool.query(
    `update users set handle = 'user-' || left(replace(gen_random_uuid()::text, '-', ''), 25), updated_at = now()
     from unnest($1::uuid[]) as erased (uuid)
     where lower(users.handle) = 'deleted-' || erased.uuid and users.uuid <> erased.uuid`,
    [userUuids],
  );
}

import { fold } from '@parley/contract/fold';
import type { ClientBase, Pool } from 'pg';

const rowsPerQuery = 1_000;

/** SQL: whether a row of `users` lacks a folded column. */
export const isUnfolded = '(handle_folded is null or name_folded is null)';

/**
 * Folds the names of rows that lack it. Safe to repeat and to run concurrently: it skips rows that another run has
 * locked.
 */
export async function foldMissing(db: Pool | ClientBase, maxRows = Number.POSITIVE_INFINITY): Promise<void> {
  for (let folded = 0; folded < maxRows; folded += rowsPerQuery) {
    const { rows } = await db.query<{ uuid: string; handle: string; display_name: string }>(
      `select uuid, handle, display_name from users where ${isUnfolded} order by uuid limit ${rowsPerQuery}`,
    );
    if (rows.length === 0) return;
    const { rowCount } = await db.query(
      `with folded as (
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
           as folded (uuid, handle, display_name, handle_folded, name_folded)),
       free as (
         select users.uuid from users join folded using (uuid, handle, display_name)
         order by users.uuid for update of users skip locked)
       update users set handle_folded = folded.handle_folded, name_folded = folded.name_folded
       from folded join free using (uuid) where users.uuid = folded.uuid`,
      [
        rows.map(({ uuid }) => uuid),
        rows.map(({ handle }) => handle),
        rows.map(({ display_name }) => display_name),
        rows.map(({ handle }) => fold(handle)),
        rows.map(({ display_name }) => fold(display_name)),
      ],
    );
    if (!rowCount) return;
  }
}

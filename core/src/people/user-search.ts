import { fold } from '@parley/contract/fold';
import type { ClientBase, Pool } from 'pg';
import { isStorable, type User, userColumns } from './users.ts';

/*
 * People are found by columns that hold handle and name as `fold` makes them, in code and so alike on every server.
 * Where a row has none yet, written by an import, an earlier version or by hand, it is folded here before a search.
 */

const rowsPerQuery = 1_000;
/** What one search folds at most before it answers: an import of more folds its people by itself. */
const maxFoldedBySearch = 5_000;

export type Search = {
  /** The beginning of a handle or of a name. Case, accents and normal form make no difference. */
  prefix: string;
  limit: number;
  /** The last handle of the page before. */
  after?: string;
};

/** People who can be written to, by handle. Nobody, where nothing is asked for. */
export async function search(pool: Pool, { prefix, limit, after }: Search): Promise<User[]> {
  const folded = fold(prefix);
  if (folded === '' || !isStorable(prefix) || !isStorable(after ?? '')) return [];
  const find = () => findFolded(pool, folded, limit, after);
  const [found, isBehind] = await Promise.all([find(), hasUnfolded(pool)]);
  if (!isBehind) return found;
  await foldMissing(pool, maxFoldedBySearch);
  return find();
}

async function findFolded(pool: Pool, folded: string, limit: number, after: string | undefined) {
  const { rows } = await pool.query<User>(
    `select ${userColumns} from users
     where (handle_folded like $1 or name_folded like $1)
       and ($2::text is null or lower(handle) > lower($2))
       and disabled_at is null and erased_at is null
     order by lower(handle)
     limit $3`,
    [`${escapeLike(folded)}%`, after, limit],
  );
  return rows;
}

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&');

const isUnfolded = '(handle_folded is null or name_folded is null)';

async function hasUnfolded(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query(`select from users where ${isUnfolded} limit 1`);
  return rows.length > 0;
}

/** Folds what is not folded yet. Safe to repeat, and to run beside others: what they are folding is passed over. */
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

import { fold } from '@parley/contract/fold';
import type { Pool } from 'pg';
import { foldMissing, isUnfolded } from '../database/folded-names.ts';
import { isStorable, type User, userColumns } from './users.ts';

export { foldMissing };

/*
 * A search compares the folded columns of handle and name. `fold` runs in code, so the result does not depend on the
 * locale of Postgres. A row that was imported, written by hand or by an earlier version may lack them. A search folds
 * such rows before it answers.
 */

/** The most rows that one search folds before it answers. A larger import folds its own people. */
const maxFoldedBySearch = 5_000;

export type Search = {
  /** The beginning of a handle or of a name. Case, accents and normal form do not matter. */
  prefix: string;
  limit: number;
  /** The last handle of the page before. */
  after?: string;
};

/** People who can receive messages, ordered by handle. An empty prefix finds nobody. */
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

async function hasUnfolded(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query(`select from users where ${isUnfolded} limit 1`);
  return rows.length > 0;
}

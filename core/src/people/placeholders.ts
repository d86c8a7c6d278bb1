import { isReservedHandle } from '@parley/contract/handles';
import type { Pool } from 'pg';
import { foldMissing } from '../database/folded-names.ts';
import { tombstoneHandle } from '../log/erased.ts';
import { vacateTombstones } from './tombstones.ts';
import * as users from './users.ts';

/*
 * If Postgres and the table are restored to different times, the table names people whom Postgres lacks. Each of them
 * gets a placeholder: a disabled row with the names from the log, so that their conversations continue and nobody can
 * sign in as them. A placeholder is not a tombstone: its texts stay. If the log shows that a person was erased, the row
 * becomes a tombstone again.
 */

/** The handle of a person whose own is unknown or taken. It is longer than any handle of a sign-up. */
export const placeholderHandle = (userUuid: string) => `missing-${userUuid}`;
export const placeholderName = 'Unknown user';

const insertChunk = 1_000;

/**
 * Inserts a disabled row for each person without one. An empty handle means that the handle is unknown. Returns the
 * number of new rows: 0 for a repeat.
 */
export async function insert(pool: Pool, strangers: readonly users.Person[]): Promise<number> {
  const people = [...byUuid(strangers).values()].filter(({ uuid }) => users.isWellFormedUuid(uuid));
  let inserted = 0;
  for (let start = 0; start < people.length; start += insertChunk) {
    const chunk = people.slice(start, start + insertChunk);
    await vacateTombstones(
      pool,
      chunk.filter(wasErased).map(({ uuid }) => uuid),
    );
    const named = chunk.filter((person) => isUsable(person.handle) || wasErased(person));
    inserted += await insertUnlessTaken(pool, named);
    const unnamed = chunk.map((person) => ({ ...person, handle: placeholderHandle(person.uuid) }));
    inserted += await insertUnlessTaken(pool, unnamed);
  }
  await foldMissing(pool);
  return inserted;
}

const isUsable = (handle: string) => handle !== '' && users.isStorable(handle) && !isReservedHandle(handle);

/** In the log an erased person has the handle of the tombstone. */
const wasErased = ({ uuid, handle }: users.Person) => handle === tombstoneHandle(uuid);

/** Each person once: if possible from a mention with a handle. */
function byUuid(strangers: readonly users.Person[]): Map<string, users.Person> {
  const found = new Map<string, users.Person>();
  for (const person of strangers) if (!found.get(person.uuid)?.handle) found.set(person.uuid, person);
  return found;
}

async function insertUnlessTaken(pool: Pool, people: readonly users.Person[]): Promise<number> {
  const { rowCount } = await pool.query(
    `insert into users (uuid, handle, display_name, tone, disabled_at, erased_at)
     select uuid, handle, display_name, case when not is_erased then nextval('users_tone') end, now(),
       case when is_erased then now() end
     from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[])
       as missing (uuid, handle, display_name, is_erased)
     where not ${users.isRetired('handle')}
     order by uuid
     on conflict do nothing`,
    [
      people.map(({ uuid }) => uuid),
      people.map(({ handle }) => handle),
      people.map(({ display_name: name }) =>
        name !== '' && users.isStorable(name) ? name : placeholderName,
      ),
      people.map(wasErased),
    ],
  );
  return rowCount ?? 0;
}

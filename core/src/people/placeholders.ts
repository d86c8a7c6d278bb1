import { isReservedHandle } from '@parley/contract/handles';
import type { Pool } from 'pg';
import * as erasures from '../erasure/erasures.ts';
import { tombstoneHandle } from '../log/erased.ts';
import { foldMissing } from './user-search.ts';
import * as users from './users.ts';

/*
 * Where Postgres and the table were restored to different instants, the table names people whom Postgres lacks. A
 * placeholder stands for each of them: their conversations go on, with the names that the log stored, and nobody can
 * sign in as them. It is no tombstone, for the texts of an erased person are emptied, and these people asked for
 * nothing of the kind. Only who was erased before, which the log tells, is so again.
 */

/** A handle longer than any sign-up can take, for whom the table names by uuid alone or by a handle that is taken. */
export const placeholderHandle = (userUuid: string) => `missing-${userUuid}`;
export const placeholderName = 'Unknown user';

const insertChunk = 1_000;

/**
 * Makes a disabled row for everybody who has none; an empty handle stands for one that is not known. Answers how many
 * were made: none the second time.
 */
export async function insert(pool: Pool, strangers: readonly users.Person[]): Promise<number> {
  const people = [...byUuid(strangers).values()].filter(({ uuid }) => users.isWellFormedUuid(uuid));
  let made = 0;
  for (let start = 0; start < people.length; start += insertChunk) {
    const chunk = people.slice(start, start + insertChunk);
    await erasures.vacateTombstones(
      pool,
      chunk.filter(wasErased).map(({ uuid }) => uuid),
    );
    const named = chunk.filter((person) => isUsable(person.handle) || wasErased(person));
    made += await insertUnlessTaken(pool, named);
    const unnamed = chunk.map((person) => ({ ...person, handle: placeholderHandle(person.uuid) }));
    made += await insertUnlessTaken(pool, unnamed);
  }
  await foldMissing(pool);
  return made;
}

const isUsable = (handle: string) => handle !== '' && users.isStorable(handle) && !isReservedHandle(handle);

/** The log names an erased person by the tombstone. */
const wasErased = ({ uuid, handle }: users.Person) => handle === tombstoneHandle(uuid);

/** Of several mentions the one that knows a name. */
function byUuid(strangers: readonly users.Person[]): Map<string, users.Person> {
  const known = new Map<string, users.Person>();
  for (const person of strangers) if (!known.get(person.uuid)?.handle) known.set(person.uuid, person);
  return known;
}

async function insertUnlessTaken(pool: Pool, people: readonly users.Person[]): Promise<number> {
  const { rowCount } = await pool.query(
    `insert into users (uuid, handle, display_name, disabled_at, erased_at)
     select uuid, handle, display_name, now(), case when is_erased then now() end
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

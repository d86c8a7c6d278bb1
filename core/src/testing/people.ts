import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Person } from '../log/entries.ts';
import * as users from '../people/users.ts';

/** A person that only the log knows. */
export const person = (handle: string): Person => ({ uuid: randomUUID(), handle, display_name: handle });

/** Ada, Bob, Eve and Dan as rows of Postgres. */
export async function insertFourPeople(pool: Pool) {
  const handles = ['ada', 'bob', 'eve', 'dan'];
  const people = await users.insertPeople(
    pool,
    handles.map((handle) => ({ handle })),
  );
  type Four = [users.Person, users.Person, users.Person, users.Person];
  return handles.map((handle) => people.get(handle)) as Four;
}

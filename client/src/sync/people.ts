import type { Person } from '../api/types.ts';

/** The latest known names of everybody whom an entry or a list of members showed. */
export function createPeople() {
  const people = new Map<string, Person>();
  return {
    get: (uuid: string) => people.get(uuid),
    remember(found: readonly Person[]) {
      for (const { uuid, handle, display_name } of found) people.set(uuid, { uuid, handle, display_name });
    },
  };
}

export type People = ReturnType<typeof createPeople>;

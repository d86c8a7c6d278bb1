import type { Person } from '../api/types.ts';

/** The latest known names and tones of everybody in received entries and member lists. */
export function createPeople() {
  const people = new Map<string, Person>();
  return {
    get: (uuid: string) => people.get(uuid),
    remember(found: readonly Person[]) {
      for (const { uuid, handle, display_name, tone } of found) {
        const known = people.get(uuid);
        // The handle changes when the person is erased, and then the tone is gone.
        const lastTone = known?.handle === handle ? known.tone : null;
        people.set(uuid, { uuid, handle, display_name, tone: tone ?? lastTone });
      }
    },
  };
}

export type People = ReturnType<typeof createPeople>;

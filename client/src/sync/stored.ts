import type { KeyValueStorage } from '../storage.ts';

/* The storage keys of a person's unsent texts. */

export const draftsOf = (userUuid: string) => `parley.draft.${userUuid}.`;
export const outboxOf = (userUuid: string) => `parley.outbox.${userUuid}.`;

/** Removes all unsent texts of this person. */
export function forget(storage: KeyValueStorage, userUuid: string) {
  for (const prefix of [draftsOf(userUuid), outboxOf(userUuid)])
    for (const key of storage.keys(prefix)) storage.remove(key);
}

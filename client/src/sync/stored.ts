import type { KeyValueStorage } from '../storage.ts';

/* The keys in the storage under which a person's unsent texts lie. */

export const draftsOf = (userUuid: string) => `parley.draft.${userUuid}.`;
export const outboxOf = (userUuid: string) => `parley.outbox.${userUuid}.`;

/** Removes everything that this person wrote and did not send. */
export function forget(storage: KeyValueStorage, userUuid: string) {
  for (const prefix of [draftsOf(userUuid), outboxOf(userUuid)])
    for (const key of storage.keys(prefix)) storage.remove(key);
}

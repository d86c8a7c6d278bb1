import type { KeptStorage } from '../storage.ts';

/* What is kept of a person in this browser, under names that say whose it is. */

export const draftsOf = (userUuid: string) => `parley.draft.${userUuid}.`;
export const outboxOf = (userUuid: string) => `parley.outbox.${userUuid}.`;

/** After this nothing that they wrote is left here. */
export function forget(storage: KeptStorage, userUuid: string) {
  for (const prefix of [draftsOf(userUuid), outboxOf(userUuid)])
    for (const key of storage.keys(prefix)) storage.remove(key);
}

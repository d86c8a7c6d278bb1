/* What is kept of a person in this browser, under names that say whose it is. */

export const draftsOf = (userUuid: string) => `parley.draft.${userUuid}.`;
export const outboxOf = (userUuid: string) => `parley.outbox.${userUuid}.`;

export function keysOf(storage: Storage, prefix: string): string[] {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
  return keys.filter((key) => key.startsWith(prefix));
}

/** After this nothing that they wrote is left here. */
export function forget(storage: Storage, userUuid: string) {
  for (const prefix of [draftsOf(userUuid), outboxOf(userUuid)])
    for (const key of keysOf(storage, prefix)) storage.removeItem(key);
}

import { draftsOf } from './kept.ts';

/** What was begun and not sent, for each conversation, kept across reloads. */
export function createDrafts(storage: Storage, userUuid: string) {
  const prefix = draftsOf(userUuid);
  return {
    of: (to: string) => storage.getItem(prefix + to) ?? '',
    keep(to: string, text: string) {
      if (text === '') storage.removeItem(prefix + to);
      else storage.setItem(prefix + to, text);
    },
  };
}

import type { KeptStorage } from '../storage.ts';
import { draftsOf } from './kept.ts';

/** What was begun and not sent, for each conversation, kept across reloads. */
export function createDrafts(storage: KeptStorage, userUuid: string) {
  const prefix = draftsOf(userUuid);
  return {
    of: (to: string) => storage.get(prefix + to) ?? '',
    keep(to: string, text: string) {
      if (text === '') storage.remove(prefix + to);
      else storage.set(prefix + to, text);
    },
  };
}

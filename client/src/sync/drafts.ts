import type { KeyValueStorage } from '../storage.ts';
import { draftsOf } from './stored.ts';

/** The unsent text of each conversation, stored across reloads. */
export function createDrafts(storage: KeyValueStorage, userUuid: string) {
  const prefix = draftsOf(userUuid);
  const of = (to: string) => storage.get(prefix + to) ?? '';

  function save(to: string, text: string) {
    if (text === '') storage.remove(prefix + to);
    else storage.set(prefix + to, text);
  }

  return {
    of,
    save,
    /** Moves the draft to a person into the new conversation with them, after a draft there. */
    move(from: string, to: string) {
      const text = of(from);
      if (text === '') return;
      save(to, [of(to), text].filter(Boolean).join('\n'));
      save(from, '');
    },
  };
}

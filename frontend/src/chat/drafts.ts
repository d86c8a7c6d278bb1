import type { KeptStorage } from '../storage.ts';
import { draftsOf } from './kept.ts';

/** What was begun and not sent, for each conversation, kept across reloads. */
export function createDrafts(storage: KeptStorage, userUuid: string) {
  const prefix = draftsOf(userUuid);
  const of = (to: string) => storage.get(prefix + to) ?? '';

  function keep(to: string, text: string) {
    if (text === '') storage.remove(prefix + to);
    else storage.set(prefix + to, text);
  }

  return {
    of,
    keep,
    /** What was begun to a person goes on in the conversation with them, behind what was begun there. */
    move(from: string, to: string) {
      const text = of(from);
      if (text === '') return;
      keep(to, [of(to), text].filter(Boolean).join('\n'));
      keep(from, '');
    },
  };
}

import { flagsOf } from '@parley/contract/entry-kinds';
import type { Entry } from '../api/types.ts';
import type { Conversations } from './conversations.ts';
import { insert, isAtEnd, noteNewest } from './history.ts';
import type { Outbox } from './outbox.ts';
import type { People } from './people.ts';
import type { Typing } from './typing.ts';
import type { Windows } from './windows.ts';

type Options = {
  meUuid: string;
  clean(entry: Entry): Entry;
  people: People;
  typing: Typing;
  outbox: Pick<Outbox, 'retryUnreached'>;
  conversations: Conversations;
  windows: Pick<Windows, 'trimAfterGrowth'>;
  catchUp(uuid: string): Promise<void>;
  onGroupChanged(uuid: string): void;
  /** Called for the author of a message, who has read everything up to it. */
  onRead(uuid: string, userUuid: string, seq: number): void;
};

/** Applies single entries, from events and from answers to sends, in any order and any number of times. */
export function createEntries(options: Options) {
  const { meUuid, people, typing, outbox, conversations, windows, catchUp } = options;
  return {
    apply(received: Entry) {
      const entry = options.clean(received);
      const uuid = entry.message_group_uuid;
      const { user_uuid, handle, display_name, tone } = entry;
      people.remember([{ uuid: user_uuid, handle, display_name, tone }]);
      typing.stop(uuid, entry.user_uuid);
      // This may be the entry of a send whose answer was lost. A retry with the same key gets it as the answer.
      if (entry.user_uuid === meUuid) outbox.retryUnreached(uuid);
      if (flagsOf(entry).countsAsMessage) options.onRead(uuid, entry.user_uuid, entry.seq);
      const known = conversations.get(uuid);
      // A conversation that is loading may receive the group as it was before this entry.
      const isShown = known?.status === 'ready' || known?.status === 'loading';
      if (isShown && flagsOf(entry).changesGroup) options.onGroupChanged(uuid);
      if (known?.status !== 'ready') return;
      const wasAtEnd = isAtEnd(known.history);
      conversations.updateHistory(uuid, (history) => insert(history, entry));
      const now = conversations.get(uuid);
      if (wasAtEnd && now && !isAtEnd(now.history)) void catchUp(uuid);
      windows.trimAfterGrowth(uuid);
    },
    /** Call when an entry with this seq exists. A window that was at the end reads up to it. */
    noteNewest(uuid: string, seq: number) {
      const known = conversations.get(uuid);
      if (!known || seq <= known.history.newest) return;
      const wasAtEnd = isAtEnd(known.history);
      conversations.updateHistory(uuid, (history) => noteNewest(history, seq));
      if (wasAtEnd) void catchUp(uuid);
    },
  };
}

import type { Group, Member } from '../api/types.ts';
import { emptyHistory, type History } from './history.ts';

/** The loaded part of a conversation. */
export type Conversation = {
  uuid: string;
  history: History;
  group: Group | undefined;
  /** The read position at the time of opening. The "new messages" line is shown after it. */
  newAfter: number | undefined;
  status: 'loading' | 'ready' | 'missing' | 'failed';
  reason?: string;
  isLoadingOlder: boolean;
  isLoadingNewer: boolean;
};

export type Conversations = ReturnType<typeof createConversations>;

const maxConversations = 8;

/** The loaded conversations, in the order in which they were opened. Beyond the limit the oldest is dropped. */
export function createConversations(onChange: () => void) {
  const loaded = new Map<string, Conversation>();

  function update(uuid: string, part: Partial<Conversation>) {
    const known = loaded.get(uuid);
    if (!known) return;
    loaded.set(uuid, { ...known, ...part });
    onChange();
  }

  return {
    get: (uuid: string) => loaded.get(uuid),
    all: () => [...loaded.values()],
    /** Adds an empty conversation, or empties a known one. */
    begin(uuid: string) {
      loaded.set(uuid, {
        uuid,
        history: emptyHistory,
        group: undefined,
        newAfter: undefined,
        status: 'loading',
        isLoadingOlder: false,
        isLoadingNewer: false,
      });
      const [oldest] = loaded.keys();
      if (oldest && loaded.size > maxConversations) loaded.delete(oldest);
      onChange();
    },
    /** Marks a conversation as the one opened last. */
    moveLast(uuid: string) {
      const known = loaded.get(uuid);
      if (!known) return;
      loaded.delete(uuid);
      loaded.set(uuid, known);
    },
    update,
    updateHistory(uuid: string, step: (history: History) => History) {
      const known = loaded.get(uuid);
      if (known) update(uuid, { history: step(known.history) });
    },
    updateMembers(uuid: string, step: (member: Member) => Member) {
      const group = loaded.get(uuid)?.group;
      if (group) update(uuid, { group: { ...group, members: group.members.map(step) } });
    },
    remove(uuid: string) {
      loaded.delete(uuid);
      onChange();
    },
  };
}

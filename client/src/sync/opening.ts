import { ApiError, explain } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { Conversations } from './conversations.ts';
import { noteNewest, openWindow } from './history.ts';
import type { People } from './people.ts';
import { catchUpPage, pageSize } from './windows.ts';

/** This many read entries above the first unread one show the context. */
const contextEntries = 15;

type Options = {
  api: Pick<Api, 'group' | 'entries'>;
  conversations: Conversations;
  people: People;
  catchUp(uuid: string): Promise<void>;
};

/** Opens conversations and reads their groups. */
export function createOpening({ api, conversations, people, catchUp }: Options) {
  async function refreshGroup(uuid: string) {
    const group = await api.group(uuid).catch(() => undefined);
    if (!group) return;
    people.remember(group.members);
    conversations.update(uuid, { group });
  }

  /** Starts at the first unread entry, or at the newest page if little is unread. */
  async function load(uuid: string) {
    const group = await api.group(uuid);
    people.remember(group.members);
    const newAfter = unreadFrom(group);
    const after = newAfter !== undefined && group.unread_count > pageSize / 2 ? newAfter : undefined;
    const range =
      after === undefined
        ? { limit: pageSize }
        : { after: Math.max(0, after - contextEntries), limit: catchUpPage };
    const page = await api.entries(uuid, range);
    conversations.updateHistory(uuid, (history) => openWindow(noteNewest(history, group.last_seq), page));
    conversations.update(uuid, { group, newAfter, status: 'ready' });
    await catchUp(uuid);
  }

  return {
    refreshGroup,
    /** `row` is the conversation's row in the inbox. */
    async open(uuid: string, row: Unread | undefined) {
      if (conversations.get(uuid)?.status === 'ready') {
        conversations.moveLast(uuid);
        conversations.update(uuid, { newAfter: unreadFrom(row) });
        void refreshGroup(uuid);
        return catchUp(uuid);
      }
      conversations.begin(uuid);
      try {
        await load(uuid);
      } catch (error) {
        const isMissing = error instanceof ApiError && [400, 404].includes(error.status);
        conversations.update(uuid, { status: isMissing ? 'missing' : 'failed', reason: explain(error) });
      }
    },
  };
}

type Unread = { unread_count: number; read_seq: number };

const unreadFrom = (row: Unread | undefined) => (row && row.unread_count > 0 ? row.read_seq : undefined);

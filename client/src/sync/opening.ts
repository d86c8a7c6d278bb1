import { ApiError, explain } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { Conversations } from './conversations.ts';
import { noteNewest, openWindow } from './history.ts';
import type { People } from './people.ts';
import { catchUpPage, pageSize } from './windows.ts';

/** This many read entries are shown above the first unread one, as context. */
const contextEntries = 15;

type Options = {
  api: Pick<Api, 'group' | 'entries'>;
  conversations: Conversations;
  people: People;
  catchUp(uuid: string): Promise<void>;
};

/** Opens conversations and reads their groups. */
export function createOpening({ api, conversations, people, catchUp }: Options) {
  const reads = createRepeatedReads();

  /** Reads the group, and reads it again if it changed during the read. */
  function refreshGroup(uuid: string) {
    return reads.run(uuid, async () => {
      try {
        const group = await api.group(uuid);
        people.remember(group.members);
        conversations.update(uuid, { group });
        // An older refusal was the last answer until now.
        if (conversations.get(uuid)?.status === 'missing') void begin(uuid);
      } catch (error) {
        if (isMissing(error)) conversations.update(uuid, { status: 'missing', reason: explain(error) });
      }
    });
  }

  /** Starts at the first unread entry, or at the newest page if little is unread. */
  async function load(uuid: string) {
    const isChanged = reads.watch(uuid);
    const group = await api.group(uuid);
    people.remember(group.members);
    // At once, so that events change it while the entries are read.
    conversations.update(uuid, { group });
    const newAfter = unreadFrom(group);
    const after = newAfter !== undefined && group.unread_count > pageSize / 2 ? newAfter : undefined;
    const range =
      after === undefined
        ? { limit: pageSize }
        : { after: Math.max(0, after - contextEntries), limit: catchUpPage };
    const page = await api.entries(uuid, range);
    conversations.updateHistory(uuid, (history) => openWindow(noteNewest(history, group.last_seq), page));
    conversations.update(uuid, { newAfter, status: 'ready' });
    if (isChanged()) void refreshGroup(uuid);
    await catchUp(uuid);
  }

  async function begin(uuid: string): Promise<void> {
    conversations.begin(uuid);
    const isChanged = reads.watch(uuid);
    try {
      await load(uuid);
    } catch (error) {
      // The group changed during the load, so the refusal may be out of date.
      if (isMissing(error) && isChanged()) return begin(uuid);
      const status = isMissing(error) ? 'missing' : 'failed';
      conversations.update(uuid, { status, reason: explain(error) });
    }
  }

  return {
    refreshGroup,
    /** Call when a receipt has changed the group, because a running read may return an older state. */
    noteChange: reads.repeatIfRunning,
    /** `row` is the conversation's row in the inbox. */
    async open(uuid: string, row: Unread | undefined) {
      if (conversations.get(uuid)?.status === 'ready') {
        conversations.moveLast(uuid);
        conversations.update(uuid, { newAfter: unreadFrom(row) });
        void refreshGroup(uuid);
        return catchUp(uuid);
      }
      return begin(uuid);
    },
  };
}

const isMissing = (error: unknown) => error instanceof ApiError && [400, 404].includes(error.status);

/** Runs one read of each conversation at a time. A read requested during another one runs after it. */
function createRepeatedReads() {
  const requests = new Map<string, number>();
  const running = new Set<string>();
  const countOf = (uuid: string) => requests.get(uuid) ?? 0;
  const request = (uuid: string) => void requests.set(uuid, countOf(uuid) + 1);

  return {
    async run(uuid: string, read: () => Promise<void>) {
      request(uuid);
      if (running.has(uuid)) return;
      running.add(uuid);
      for (let done = 0; done !== countOf(uuid); ) {
        done = countOf(uuid);
        await read();
      }
      running.delete(uuid);
    },
    repeatIfRunning: request,
    /** Returns a function that tells whether a read was requested since. */
    watch(uuid: string) {
      const before = countOf(uuid);
      return () => countOf(uuid) !== before;
    },
  };
}

type Unread = { unread_count: number; read_seq: number };

const unreadFrom = (row: Unread | undefined) => (row && row.unread_count > 0 ? row.read_seq : undefined);

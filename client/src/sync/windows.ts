import type { Api } from '../api/requests.ts';
import type { Conversations } from './conversations.ts';
import {
  append,
  firstSeq,
  isAtEnd,
  isAtStart,
  lastSeq,
  maxWindow,
  openWindow,
  prepend,
  replace,
  trim,
} from './history.ts';

export const pageSize = 50;
export const catchUpPage = 100;
const trimAfterMs = 120;

type Options = { api: Pick<Api, 'entries'>; conversations: Conversations };

export type Windows = ReturnType<typeof createWindows>;

/** Moves the window of a loaded conversation over its history. */
export function createWindows({ api, conversations }: Options) {
  const trims = new Map<string, ReturnType<typeof setTimeout>>();

  /** Cuts once the growth is on the screen. */
  function trimLater(uuid: string, edge: 'start' | 'end') {
    if (trims.has(uuid)) return;
    const cut = () => {
      trims.delete(uuid);
      conversations.updateHistory(uuid, (history) => trim(history, edge));
    };
    trims.set(uuid, setTimeout(cut, trimAfterMs));
  }

  return {
    trimLater,
    /** Live entries may exceed the bound by a page before the window is cut. */
    trimAfterGrowth(uuid: string) {
      const { history } = conversations.get(uuid) ?? {};
      if (history && history.entries.length > maxWindow + catchUpPage) trimLater(uuid, 'start');
    },
    async loadOlder(uuid: string) {
      const known = conversations.get(uuid);
      if (known?.status !== 'ready' || known.isLoadingOlder || isAtStart(known.history)) return;
      conversations.update(uuid, { isLoadingOlder: true });
      const range = { before: firstSeq(known.history), limit: catchUpPage };
      const page = await api.entries(uuid, range).catch(() => []);
      conversations.updateHistory(uuid, (history) => prepend(history, page));
      conversations.update(uuid, { isLoadingOlder: false });
      trimLater(uuid, 'end');
    },
    async loadNewer(uuid: string) {
      const known = conversations.get(uuid);
      if (known?.status !== 'ready' || known.isLoadingNewer || isAtEnd(known.history)) return;
      conversations.update(uuid, { isLoadingNewer: true });
      const range = { after: lastSeq(known.history), limit: catchUpPage };
      const page = await api.entries(uuid, range).catch(() => []);
      conversations.updateHistory(uuid, (history) => append(history, page));
      conversations.update(uuid, { isLoadingNewer: false });
      trimLater(uuid, 'start');
    },
    async jumpToNewest(uuid: string) {
      const known = conversations.get(uuid);
      if (known?.status !== 'ready' || isAtEnd(known.history)) return;
      const page = await api.entries(uuid, { limit: pageSize });
      conversations.updateHistory(uuid, (history) => openWindow(history, page));
    },
    /** Reads the loaded entries again, because their texts changed on the server. */
    async reread(uuid: string) {
      const loaded = conversations.get(uuid);
      if (loaded?.status !== 'ready') return;
      const last = lastSeq(loaded.history);
      for (let after = firstSeq(loaded.history) - 1; after < last; after += catchUpPage) {
        const page = await api.entries(uuid, { after, limit: catchUpPage });
        conversations.updateHistory(uuid, (history) => replace(history, page));
      }
    },
    close() {
      for (const timer of trims.values()) clearTimeout(timer);
    },
  };
}

import type { Api } from '../api/requests.ts';
import type { Conversations } from './conversations.ts';
import { append, isAtEnd, lastSeq } from './history.ts';
import { catchUpPage } from './windows.ts';

/** A window further behind than this is not extended. Scrolling reads the rest. */
const maxCatchUp = 500;

type Options = {
  api: Pick<Api, 'entries'>;
  conversations: Conversations;
  /** Called after each catch-up, in which the window may have grown. */
  onDone(uuid: string): void;
};

/** Extends a window that is near the end of the log. Each conversation has one reader at a time. */
export function createCatchUp({ api, conversations, onDone }: Options) {
  const running = new Map<string, Promise<void>>();
  /** Conversations requested again while their read was running, which may have missed the newest entries. */
  const repeats = new Set<string>();

  async function readOn(uuid: string) {
    for (;;) {
      const known = conversations.get(uuid);
      if (known?.status !== 'ready') return;
      const after = lastSeq(known.history);
      if (known.history.newest - after > maxCatchUp) return;
      const page = await api.entries(uuid, { after, limit: catchUpPage });
      conversations.updateHistory(uuid, (history) => append(history, page));
      const now = conversations.get(uuid);
      if (repeats.delete(uuid)) continue;
      if (!now || lastSeq(now.history) === after) return;
      if (page.length < catchUpPage && isAtEnd(now.history)) return;
    }
  }

  return function catchUp(uuid: string): Promise<void> {
    const reading = running.get(uuid);
    if (reading) {
      repeats.add(uuid);
      return reading;
    }
    const run = readOn(uuid)
      .catch(() => {})
      .finally(() => {
        running.delete(uuid);
        repeats.delete(uuid);
        onDone(uuid);
      });
    running.set(uuid, run);
    return run;
  };
}

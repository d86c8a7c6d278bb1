import type { Entry } from '@parley/core/log/entries';
import * as entries from '@parley/core/log/entries';
import type { Table } from '@parley/core/table/client';
import { LRUCache } from 'lru-cache';

/*
 * Hands the entries of a conversation on in the order of their seq, each once.
 *
 * 1. The first entry of a conversation that the stream brings sets where it begins. What an appending node tells
 *    ahead of the stream (`hurry`) does not: two nodes may append at once, and the later entry come first.
 * 2. One that leaves a gap waits for at most 100 ms: most gaps close by themselves.
 * 3. What is missing then is read from the log. A gap too wide for that is told as such, and passed.
 *
 * The steps of a conversation come one after the other, so an entry is handed on before the next one is looked at.
 */

const maxHoldMs = 100;
const maxGap = 200;

type Place = {
  seq: number;
  held: Map<number, Entry>;
  timer?: NodeJS.Timeout | undefined;
  turn: Promise<void>;
};

export type SequencerOptions = {
  table: Table;
  hand: (entry: Entry) => Promise<void> | void;
  /** Entries of this conversation were passed over, or could not be handed on. */
  onLost: (messageGroupUuid: string, error?: unknown) => void;
};

export function createSequencer({ table, hand, onLost }: SequencerOptions) {
  const places = new LRUCache<string, Place>({
    max: 50_000,
    dispose: ({ timer }) => clearTimeout(timer),
  });

  function step(uuid: string, place: Place, work: () => Promise<void>): Promise<void> {
    place.turn = place.turn.then(work).catch((error) => {
      // What was handed on stays so: were the place forgotten, a second delivery would hand it on again.
      place.held.clear();
      onLost(uuid, error);
    });
    return place.turn;
  }

  async function release(uuid: string, place: Place) {
    for (let next = place.held.get(place.seq + 1); next; next = place.held.get(place.seq + 1)) {
      place.held.delete(next.seq);
      await hand(next);
      place.seq = next.seq;
    }
    if (place.held.size > 0)
      place.timer ??= setTimeout(() => void step(uuid, place, () => fill(uuid, place)), maxHoldMs);
  }

  async function fill(uuid: string, place: Place) {
    place.timer = undefined;
    if (place.held.size === 0) return;
    const first = Math.min(...place.held.keys());
    if (first - place.seq - 1 > maxGap) {
      onLost(uuid);
      place.seq = first - 1;
    } else {
      const range = { from: place.seq + 1, to: first - 1, order: 'ascending' } as const;
      const missing = await entries.range(table, uuid, range);
      for (const entry of missing.entries) place.held.set(entry.seq, entry);
    }
    await release(uuid, place);
  }

  function enter(uuid: string, place: Place, sorted: Entry[]): Promise<void> {
    return step(uuid, place, () => {
      for (const entry of sorted) if (entry.seq > place.seq) place.held.set(entry.seq, entry);
      return release(uuid, place);
    });
  }

  return {
    /** Takes entries that the stream will bring as well. Where nothing is known of the conversation it is left to that. */
    hurry(messageGroupUuid: string, news: Entry[]) {
      const place = places.get(messageGroupUuid);
      if (place) void enter(messageGroupUuid, place, news);
    },

    /** Resolves when those that could be handed on are. */
    take(messageGroupUuid: string, news: Entry[]): Promise<void> {
      const sorted = news.toSorted((one, other) => one.seq - other.seq);
      const [first] = sorted;
      if (!first) return Promise.resolve();
      const place = places.get(messageGroupUuid) ?? {
        seq: first.seq - 1,
        held: new Map<number, Entry>(),
        turn: Promise.resolve(),
      };
      places.set(messageGroupUuid, place);
      return enter(messageGroupUuid, place, sorted);
    },
    /** Nobody here hears of it: it begins anew with the next entry that the stream brings. */
    forget: (messageGroupUuid: string) => void places.delete(messageGroupUuid),
    stop: () => places.clear(),
  };
}

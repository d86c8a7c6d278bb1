import type { Entry } from '@parley/core/log/entries';
import * as entries from '@parley/core/log/entries';
import type { Table } from '@parley/core/table/client';
import { LRUCache } from 'lru-cache';

/*
 * Broadcasts each entry of a conversation once, in the order of the sequence numbers.
 *
 * 1. The first entry of a conversation that the stream delivers sets its position. An entry that arrives ahead of the
 *    stream (`deliverAhead`) does not: two nodes may append at once, and the later entry may arrive first.
 * 2. An entry that leaves a gap waits for at most 100 ms. Most gaps close by themselves.
 * 3. Then the missing entries are read from the log. A gap too wide for that is reported as lost, and skipped.
 *
 * The steps of a conversation run one after the other, so an entry is broadcast before the next one is examined.
 */

const maxHoldMs = 100;
const maxGap = 200;

type Position = {
  seq: number;
  held: Map<number, Entry>;
  timer?: NodeJS.Timeout | undefined;
  turn: Promise<void>;
};

export type SequencerOptions = {
  table: Table;
  broadcast: (entry: Entry) => Promise<void> | void;
  /** Called when entries of this conversation were skipped or could not be broadcast. */
  onLost: (messageGroupUuid: string, error?: unknown) => void;
};

export function createSequencer({ table, broadcast, onLost }: SequencerOptions) {
  const positions = new LRUCache<string, Position>({
    max: 50_000,
    dispose: ({ timer }) => clearTimeout(timer),
  });

  function step(uuid: string, position: Position, work: () => Promise<void>): Promise<void> {
    position.turn = position.turn.then(work).catch((error) => {
      // Keeps the position: without it, a second delivery would broadcast the same entries again.
      position.held.clear();
      onLost(uuid, error);
    });
    return position.turn;
  }

  async function release(uuid: string, position: Position) {
    for (let next = position.held.get(position.seq + 1); next; next = position.held.get(position.seq + 1)) {
      position.held.delete(next.seq);
      await broadcast(next);
      position.seq = next.seq;
    }
    if (position.held.size > 0)
      position.timer ??= setTimeout(() => void step(uuid, position, () => fill(uuid, position)), maxHoldMs);
  }

  async function fill(uuid: string, position: Position) {
    position.timer = undefined;
    if (position.held.size === 0) return;
    const first = Math.min(...position.held.keys());
    if (first - position.seq - 1 > maxGap) {
      onLost(uuid);
      position.seq = first - 1;
    } else {
      const range = { from: position.seq + 1, to: first - 1, order: 'ascending' } as const;
      const missing = await entries.range(table, uuid, range);
      for (const entry of missing.entries) position.held.set(entry.seq, entry);
    }
    await release(uuid, position);
  }

  function enter(uuid: string, position: Position, sorted: Entry[]): Promise<void> {
    return step(uuid, position, () => {
      for (const entry of sorted) if (entry.seq > position.seq) position.held.set(entry.seq, entry);
      return release(uuid, position);
    });
  }

  return {
    /** Accepts entries that the stream will deliver too. Ignores them if the conversation has no position yet. */
    deliverAhead(messageGroupUuid: string, arrived: Entry[]) {
      const position = positions.get(messageGroupUuid);
      if (position) void enter(messageGroupUuid, position, arrived);
    },

    /** Resolves when every entry up to the first gap was broadcast. */
    deliver(messageGroupUuid: string, arrived: Entry[]): Promise<void> {
      const sorted = arrived.toSorted((one, other) => one.seq - other.seq);
      const [first] = sorted;
      if (!first) return Promise.resolve();
      const position = positions.get(messageGroupUuid) ?? {
        seq: first.seq - 1,
        held: new Map<number, Entry>(),
        turn: Promise.resolve(),
      };
      positions.set(messageGroupUuid, position);
      return enter(messageGroupUuid, position, sorted);
    },
    /** Forgets the position, because no member is here. The next entry from the stream sets it again. */
    forget: (messageGroupUuid: string) => void positions.delete(messageGroupUuid),
    stop: () => positions.clear(),
  };
}

import { flagsOf } from '@parley/contract/entry-kinds';
import type { Entry } from '../api/types.ts';

/**
 * What is loaded of one conversation: a window of entries without a hole, somewhere in a log that may hold 100,000.
 *
 * 1. The window is always dense: `entries[i].seq === first + i`.
 * 2. An entry joins it only at its edges; one that lies further ahead is kept aside until the gap is filled.
 * 3. `newest` is the greatest seq noted of. A window that reaches it is at the end, and live entries join it.
 * 4. It is bounded: what grew at one edge is cut at the other, in a step of its own. A list on the screen keeps its place
 *    while one edge moves, not while both do.
 */
export type History = {
  entries: readonly Entry[];
  newest: number;
  /** Entries that arrived before those they follow. */
  ahead: ReadonlyMap<number, Entry>;
};

export const maxWindow = 600;
const maxAhead = 200;

export const emptyHistory: History = { entries: [], newest: 0, ahead: new Map() };

export const firstSeq = ({ entries }: History) => entries[0]?.seq ?? 0;
export const lastSeq = ({ entries }: History) => entries.at(-1)?.seq ?? 0;
export const isAtStart = (history: History) => firstSeq(history) === 1 || history.newest === 0;
export const isAtEnd = (history: History) => lastSeq(history) >= history.newest;

/** Begins anew with this page, wherever it lies. */
export function openWindow(history: History, page: Entry[]): History {
  const newest = Math.max(history.newest, page.at(-1)?.seq ?? 0);
  return joinAhead({ ...history, entries: page, newest });
}

/** A newer entry is known to exist. */
export function noteNewest(history: History, seq: number): History {
  return seq > history.newest ? { ...history, newest: seq } : history;
}

/** Takes one entry, live or as the answer to a send: any number of times, in any order. */
export function insert(history: History, entry: Entry): History {
  const noted = noteNewest(history, entry.seq);
  const last = lastSeq(history);
  // A window that is not at the end reads its way there; only an empty one has no place to keep entries for.
  if (entry.seq <= last || (last === 0 && entry.seq !== 1)) return noted;
  if (entry.seq === last + 1) return joinAhead({ ...noted, entries: [...history.entries, entry] });
  if (history.ahead.size >= maxAhead || history.ahead.has(entry.seq)) return noted;
  return { ...noted, ahead: new Map(history.ahead).set(entry.seq, entry) };
}

/** Joins a page that follows the window. What overlaps is skipped; a page that leaves a gap is refused. */
export function append(history: History, page: Entry[]): History {
  const last = lastSeq(history);
  const fresh = page.filter(({ seq }) => seq > last);
  const [next] = fresh;
  if (!next || next.seq !== last + 1) return history;
  const newest = Math.max(history.newest, fresh.at(-1)?.seq ?? 0);
  return joinAhead({ ...history, entries: [...history.entries, ...fresh], newest });
}

/** Joins a page that precedes the window. */
export function prepend(history: History, page: Entry[]): History {
  const first = firstSeq(history);
  const older = page.filter(({ seq }) => seq < first);
  if (older.at(-1)?.seq !== first - 1) return history;
  return { ...history, entries: [...older, ...history.entries] };
}

/** Cuts what the window holds too much: above after it grew below, below after it grew above. */
export function trim(history: History, edge: 'start' | 'end'): History {
  if (history.entries.length <= maxWindow) return history;
  const entries = edge === 'start' ? history.entries.slice(-maxWindow) : history.entries.slice(0, maxWindow);
  return { ...history, entries };
}

/** What is shown of a person who was erased. */
export const erasedName = (userUuid: string) => ({
  display_name: 'Deleted user',
  handle: `deleted-${userUuid}`,
});

/** Takes an erased person's texts and names out of what is loaded. */
export function withoutAuthor(history: History, userUuid: string): History {
  const empty = (entry: Entry) =>
    entry.user_uuid === userUuid && flagsOf(entry).countsAsMessage
      ? { ...entry, message: '', ...erasedName(userUuid) }
      : entry;
  const ahead = new Map([...history.ahead].map(([seq, entry]) => [seq, empty(entry)]));
  return { ...history, entries: history.entries.map(empty), ahead };
}

/** Moves what was kept aside and now follows without a gap into the window. */
function joinAhead(history: History): History {
  if (history.ahead.size === 0) return history;
  const entries = [...history.entries];
  const last = () => entries.at(-1)?.seq ?? 0;
  for (let next = history.ahead.get(last() + 1); next; next = history.ahead.get(last() + 1))
    entries.push(next);
  const ahead = new Map([...history.ahead].filter(([seq]) => seq > last()));
  return { ...history, entries, ahead };
}

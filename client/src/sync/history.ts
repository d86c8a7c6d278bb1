import { flagsOf } from '@parley/contract/entry-kinds';
import type { Entry } from '../api/types.ts';

/**
 * The loaded part of one conversation: a window of entries without a gap, anywhere in a log that may have 100,000.
 *
 * 1. The window is always dense: `entries[i].seq === first + i`.
 * 2. Entries are added only at its edges. An entry further ahead waits in `ahead` until the gap is filled.
 * 3. `newest` is the greatest known seq. A window that reaches it is at the end, and live entries are added to it.
 * 4. It is bounded. After growth at one edge the other edge is cut in a separate step, because a list on the screen
 *    keeps its scroll position only while one edge moves.
 */
export type History = {
  entries: readonly Entry[];
  newest: number;
  /** Entries that arrived before their predecessors. */
  ahead: ReadonlyMap<number, Entry>;
};

export const maxWindow = 600;
const maxAhead = 200;

export const emptyHistory: History = { entries: [], newest: 0, ahead: new Map() };

export const firstSeq = ({ entries }: History) => entries[0]?.seq ?? 0;
export const lastSeq = ({ entries }: History) => entries.at(-1)?.seq ?? 0;
export const isAtStart = (history: History) => firstSeq(history) === 1 || history.newest === 0;
export const isAtEnd = (history: History) => lastSeq(history) >= history.newest;

/** Replaces the window with this page from anywhere in the log. */
export function openWindow(history: History, page: Entry[]): History {
  const newest = Math.max(history.newest, page.at(-1)?.seq ?? 0);
  return joinAhead({ ...history, entries: page, newest });
}

/** Records that an entry with this seq exists. */
export function noteNewest(history: History, seq: number): History {
  return seq > history.newest ? { ...history, newest: seq } : history;
}

/** Adds one entry. Entries may arrive in any order and any number of times. */
export function insert(history: History, entry: Entry): History {
  const noted = noteNewest(history, entry.seq);
  const last = lastSeq(history);
  // An empty window has no gap to wait for, unless the entry is the first of the log.
  if (entry.seq <= last || (last === 0 && entry.seq !== 1)) return noted;
  if (entry.seq === last + 1) return joinAhead({ ...noted, entries: [...history.entries, entry] });
  if (history.ahead.size >= maxAhead || history.ahead.has(entry.seq)) return noted;
  return { ...noted, ahead: new Map(history.ahead).set(entry.seq, entry) };
}

/** Adds a page after the window. Skips known entries, and ignores a page that would leave a gap. */
export function append(history: History, page: Entry[]): History {
  const last = lastSeq(history);
  const fresh = page.filter(({ seq }) => seq > last);
  const [next] = fresh;
  if (!next || next.seq !== last + 1) return history;
  const newest = Math.max(history.newest, fresh.at(-1)?.seq ?? 0);
  return joinAhead({ ...history, entries: [...history.entries, ...fresh], newest });
}

/** Replaces loaded entries by newer versions. */
export function replace(history: History, page: Entry[]): History {
  const newer = new Map(page.map((entry) => [entry.seq, entry]));
  return { ...history, entries: history.entries.map((entry) => newer.get(entry.seq) ?? entry) };
}

/** Adds a page before the window. */
export function prepend(history: History, page: Entry[]): History {
  const first = firstSeq(history);
  const older = page.filter(({ seq }) => seq < first);
  if (older.at(-1)?.seq !== first - 1) return history;
  return { ...history, entries: [...older, ...history.entries] };
}

/** Cuts the window to its bound at this edge. */
export function trim(history: History, edge: 'start' | 'end'): History {
  if (history.entries.length <= maxWindow) return history;
  const entries = edge === 'start' ? history.entries.slice(-maxWindow) : history.entries.slice(0, maxWindow);
  return { ...history, entries };
}

/** The name of an erased person. */
export const erasedName = (userUuid: string) => ({
  display_name: 'Deleted user',
  tone: null,
  handle: `deleted-${userUuid}`,
});

/** An erased person's entry without its text. Only the server can change the text of a notice. */
export const withoutText = (entry: Entry): Entry =>
  flagsOf(entry).countsAsMessage ? { ...entry, message: '', ...erasedName(entry.user_uuid) } : entry;

/** Removes an erased person's texts and names from the loaded entries. */
export function withoutAuthor(history: History, userUuid: string): History {
  const clean = (entry: Entry) => (entry.user_uuid === userUuid ? withoutText(entry) : entry);
  const ahead = new Map([...history.ahead].map(([seq, entry]) => [seq, clean(entry)]));
  return { ...history, entries: history.entries.map(clean), ahead };
}

/** Moves entries from `ahead` that now follow without a gap into the window. */
function joinAhead(history: History): History {
  if (history.ahead.size === 0) return history;
  const entries = [...history.entries];
  const last = () => entries.at(-1)?.seq ?? 0;
  for (let next = history.ahead.get(last() + 1); next; next = history.ahead.get(last() + 1))
    entries.push(next);
  const ahead = new Map([...history.ahead].filter(([seq]) => seq > last()));
  return { ...history, entries, ahead };
}

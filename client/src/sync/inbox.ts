import type { InboxRow, Settings } from '../api/types.ts';

export type Inbox = ReadonlyMap<string, InboxRow>;

/** The hidden or the visible rows, newest first. */
export const sorted = (inbox: Inbox, isHidden = false): InboxRow[] =>
  [...inbox.values()]
    .filter(({ hidden }) => hidden === isHidden)
    .sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0));

export const unreadConversations = (inbox: Inbox) =>
  [...inbox.values()].filter(({ unread_count, muted, hidden }) => unread_count > 0 && !muted && !hidden)
    .length;

/**
 * Merges a row from the server. Rows arrive in any order, and each position moves forward only. If neither row is
 * newest in every position, `isExact` is false, and the unread count and `hidden` are a guess until the next read.
 */
export function applyRow(inbox: Inbox, row: InboxRow): { inbox: Inbox; isExact: boolean } {
  const known = inbox.get(row.uuid);
  if (!known || isAtLeast(row, known)) return { inbox: new Map(inbox).set(row.uuid, row), isExact: true };
  if (isAtLeast(known, row)) return { inbox, isExact: true };
  const [newer, other] = row.last_seq > known.last_seq ? [row, known] : [known, row];
  const read_seq = Math.max(newer.read_seq, other.read_seq);
  const unread_count = read_seq === newer.read_seq ? newer.unread_count : guess(newer, read_seq);
  const isNewSetting = other.settings_version > newer.settings_version;
  const setting = isNewSetting ? settingsOf(newer, other) : settingsOf(newer, newer);
  const merged = { ...newer, read_seq, unread_count, ...setting };
  const isExact = !isNewSetting && (unread_count === 0 || read_seq === newer.read_seq);
  return { inbox: new Map(inbox).set(row.uuid, merged), isExact };
}

const isAtLeast = (row: InboxRow, known: InboxRow) =>
  row.last_seq >= known.last_seq &&
  row.read_seq >= known.read_seq &&
  row.settings_version >= known.settings_version;

/** The settings, with a conversation no longer hidden if an entry came after they were made. */
const settingsOf = (row: InboxRow, { muted, hidden, settings_version, last_seq }: InboxRow) => ({
  muted,
  hidden: hidden && row.last_seq <= last_seq,
  settings_version,
});

const guess = (newer: InboxRow, readSeq: number) =>
  Math.max(0, Math.min(newer.unread_count, newer.last_seq - readSeq));

/** Applies the answer to a change of settings. The row follows in an event. */
export function applySettings(inbox: Inbox, uuid: string, settings: Settings): Inbox {
  const known = inbox.get(uuid);
  return known ? new Map(inbox).set(uuid, { ...known, ...settings }) : inbox;
}

/** Applies the answer to a mark-read request. */
export function applyRead(
  inbox: Inbox,
  uuid: string,
  read: { read_seq: number; unread_count: number },
): Inbox {
  const known = inbox.get(uuid);
  if (!known || read.read_seq < known.read_seq) return inbox;
  const unread_count = read.read_seq >= known.last_seq ? 0 : read.unread_count;
  return new Map(inbox).set(uuid, { ...known, read_seq: read.read_seq, unread_count });
}

export function dropRow(inbox: Inbox, uuid: string): Inbox {
  if (!inbox.has(uuid)) return inbox;
  const rest = new Map(inbox);
  rest.delete(uuid);
  return rest;
}

import type { InboxRow } from '../api/types.ts';

export type Inbox = ReadonlyMap<string, InboxRow>;

/** Newest first. */
export const sorted = (inbox: Inbox): InboxRow[] =>
  [...inbox.values()].sort((a, b) =>
    a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0,
  );

export const unreadConversations = (inbox: Inbox) =>
  [...inbox.values()].filter(({ unread_count }) => unread_count > 0).length;

/**
 * Takes a row of the server. Rows arrive in any order, and each position moves forward only. `isExact` is false where
 * one row knew the newer text and the other the newer read position: then the count is a guess until the next read.
 */
export function takeRow(inbox: Inbox, row: InboxRow): { inbox: Inbox; isExact: boolean } {
  const known = inbox.get(row.uuid);
  if (!known || (row.last_seq >= known.last_seq && row.read_seq >= known.read_seq)) {
    return { inbox: new Map(inbox).set(row.uuid, row), isExact: true };
  }
  if (row.last_seq <= known.last_seq && row.read_seq <= known.read_seq) return { inbox, isExact: true };
  const [newer, other] = row.last_seq > known.last_seq ? [row, known] : [known, row];
  const merged = { ...newer, read_seq: other.read_seq, unread_count: guess(newer, other) };
  return { inbox: new Map(inbox).set(row.uuid, merged), isExact: merged.unread_count === 0 };
}

function guess(newer: InboxRow, { read_seq }: InboxRow) {
  return Math.max(0, Math.min(newer.unread_count, newer.last_seq - read_seq));
}

/** What mark-read answered. */
export function takeRead(
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

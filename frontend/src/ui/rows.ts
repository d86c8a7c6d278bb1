import type { Entry } from '@parley/client/api/types';
import type { History } from '@parley/client/sync/history';
import type { Pending } from '@parley/client/sync/outbox';
import { flagsOf } from '@parley/contract/entry-kinds';

/** A line of the list: an entry or a pending message, and its surroundings. */
export type Row = {
  key: string;
  entry?: Entry;
  pending?: Pending;
  isOwn: boolean;
  /** Set on the first row of a day: the day stands above it. */
  day?: string;
  /** The first unread entry at the time of opening. */
  isFirstNew?: boolean;
  /** Begins or ends a group of one sender's messages within five minutes. */
  startsGroup: boolean;
  endsGroup: boolean;
};

const groupGapMs = 5 * 60_000;

type Input = {
  history: History;
  pending: Pending[];
  me: string;
  /** The read position at the time of opening. The "new messages" line follows it. */
  newAfter: number | undefined;
};

export function toRows({ history, pending, me, newAfter }: Input): Row[] {
  const rows: Row[] = history.entries
    .filter((entry) => flagsOf(entry).isRow)
    .map((entry) => ({
      key: String(entry.seq),
      entry,
      isOwn: entry.user_uuid === me,
      startsGroup: true,
      endsGroup: true,
    }));
  for (const item of undelivered(history.entries, pending, me)) {
    rows.push({ key: item.key, pending: item, isOwn: true, startsGroup: true, endsGroup: true });
  }
  let previous: Row | undefined;
  let isNewShown = newAfter === undefined;
  for (const row of rows) {
    const day = dayOf(timeOf(row));
    if (!previous || day !== dayOf(timeOf(previous))) row.day = day;
    if (
      !isNewShown &&
      row.entry &&
      row.entry.seq > (newAfter ?? 0) &&
      !row.isOwn &&
      flagsOf(row.entry).countsAsMessage
    ) {
      row.isFirstNew = true;
      isNewShown = true;
    }
    if (previous && !row.day && !row.isFirstNew && belongTogether(previous, row)) {
      row.startsGroup = false;
      previous.endsGroup = false;
    }
    previous = row;
  }
  return rows;
}

/**
 * The entry of a send may arrive on the socket before the answer to the request. The answer decides. Until then a message
 * with the same text after `known_seq` counts as the entry, so that the message does not show twice.
 */
function undelivered(entries: readonly Entry[], pending: Pending[], me: string): Pending[] {
  const claimed = new Set<number>();
  return pending.filter((item) => {
    if (item.isRefused) return true;
    const delivered = entries.findLast(
      (entry) =>
        entry.seq > item.known_seq &&
        entry.user_uuid === me &&
        flagsOf(entry).countsAsMessage &&
        entry.message === item.message &&
        !claimed.has(entry.seq),
    );
    if (delivered) claimed.add(delivered.seq);
    return !delivered;
  });
}

function belongTogether(a: Row, b: Row) {
  if (isNotice(a) || isNotice(b)) return false;
  const isSameSender = a.isOwn ? b.isOwn : a.entry?.user_uuid === b.entry?.user_uuid;
  return isSameSender && Date.parse(timeOf(b)) - Date.parse(timeOf(a)) < groupGapMs;
}

export const isNotice = ({ entry }: Row) => entry !== undefined && !flagsOf(entry).countsAsMessage;
export const timeOf = ({ entry, pending }: Row) => entry?.created_at ?? pending?.created_at ?? '';

/** The day in the time zone of the browser. */
function dayOf(time: string) {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

import { flagsOf } from '@parley/contract/entry-kinds';
import type { Entry } from '../api/types.ts';
import type { History } from './history.ts';
import type { Pending } from './outbox.ts';

/** A line of the list: an entry or a pending message, with what is shown around it. */
export type Row = {
  key: string;
  entry?: Entry;
  pending?: Pending;
  isOwn: boolean;
  /** The first of its day: the day stands above it. */
  day?: string;
  /** The first unread one when the conversation was opened. */
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
  /** The read position when the conversation was opened: the "new messages" line stands behind it. */
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
 * The entry of a send may arrive on the socket before the answer to the request. The answer decides; until then a
 * message with the same text behind `known_seq` is taken for it, so that it is not shown twice for a moment.
 */
function undelivered(entries: readonly Entry[], pending: Pending[], me: string): Pending[] {
  const claimed = new Set<number>();
  return pending.filter((item) => {
    if (item.isRefused) return true;
    const delivered = entries.findLast(
      ({ seq, user_uuid, message, type }) =>
        seq > item.known_seq &&
        user_uuid === me &&
        flagsOf({ type }).countsAsMessage &&
        message === item.message &&
        !claimed.has(seq),
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

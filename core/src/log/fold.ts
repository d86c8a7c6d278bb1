import type { Table } from '../table/client.ts';
import { entryKey } from '../table/keys.ts';
import { createDuplicates } from './duplicates.ts';
import type { Entry, Person } from './entries.ts';
import * as entries from './entries.ts';
import { entryFaults, type Fault } from './entry-faults.ts';
import type { IsErased } from './erased.ts';
import { type Finding, keyText } from './finding.ts';
import { type FoldedGroup, kindOf } from './kinds/index.ts';
import { createMessageCounts } from './message-counts.ts';
import type { LogPosition } from './position.ts';

export { type Finding, type Invariant, keyText } from './finding.ts';

/** The most findings of one conversation. If everything is wrong, the first faults are enough. */
const maxFindings = 20;
/** The most entries from the mark on that are stored with their texts. */
const maxLater = 1_000;

/**
 * A log, folded entry by entry: its end, its members, the newest message of each author, and its faults. It needs four
 * bytes for each entry, and stores only the newest entry's text (and with a mark, those after it).
 */
export type History = ReturnType<typeof createHistory>;

export type HistoryOptions = { mark?: number | undefined; isErased?: IsErased | undefined };

/**
 * With a mark, the history also stores each author's newest message up to the mark (`ownByMark`), and the entries from
 * the mark on: a summary that is read while the log grows may show any of them.
 */
export function createHistory(
  messageGroupUuid: string,
  { mark = Number.POSITIVE_INFINITY, isErased = () => false }: HistoryOptions = {},
) {
  const counts = createMessageCounts();
  const duplicates = createDuplicates();
  const later = new Map<number, Entry>();

  const history = {
    uuid: messageGroupUuid,
    mark,
    isErased,
    newest: undefined as Entry | undefined,
    seq: 0,
    messageCount: 0,
    /** The log has a gap or a wrong count, so positions cannot be checked against it. */
    isBroken: false,
    isGroup: false,
    title: undefined as string | undefined,
    members: new Map() as FoldedGroup['members'],
    left: new Set<string>(),
    /** Everybody whom an entry names; for authors, with the names in their newest entry. */
    people: new Map<string, Person | undefined>(),
    /** Each author's newest message. */
    own: new Map<string, LogPosition>(),
    ownByMark: new Map<string, number>(),
    findings: [] as Finding[],

    /** The number of messages up to an entry, or undefined beyond the end of the log. */
    countAt: (seq: number) => (seq <= history.seq && Number.isInteger(seq) ? counts.at(seq) : undefined),

    /** An entry that is stored: the newest, or one from the mark on. */
    entryAt: (seq: number) => (seq === history.newest?.seq ? history.newest : later.get(seq)),

    apply(entry: Entry) {
      for (const fault of entryFaults(history, entry, duplicates.add(entry))) report(entry, fault);
      history.seq = entry.seq;
      history.messageCount = entry.message_count;
      history.newest = entry;
      if (entry.seq >= mark && later.size < maxLater) later.set(entry.seq, entry);
      if (!history.isBroken) counts.set(entry.seq, entry.message_count);
      applyPeople(history, entry);
      for (const detail of kindOf(entry).fold(history, entry)) report(entry, { invariant: 5, detail });
    },

    /** Reports an item with an entry's key that is not an entry. It counts as a gap. */
    applyUnreadable(seq: number, reason: string) {
      report({ seq }, { invariant: 1, detail: reason, isBreaking: true });
      history.seq = seq;
    },
  };

  function report({ seq }: { seq: number }, { invariant, detail, isBreaking }: Fault) {
    if (isBreaking) history.isBroken = true;
    if (history.findings.length >= maxFindings) return;
    history.findings.push({ invariant, key: keyText(entryKey(messageGroupUuid, seq)), detail });
  }

  return history;
}

type People = Pick<History, 'people' | 'own' | 'ownByMark' | 'mark'>;

/** Applies the people whom an entry names, and its author's newest message. */
function applyPeople({ people, own, ownByMark, mark }: People, entry: Entry) {
  const { seq, message_count, user_uuid, user_handle, user_display_name } = entry;
  people.set(user_uuid, { uuid: user_uuid, handle: user_handle, display_name: user_display_name });
  if ('members' in entry)
    for (const uuid of entry.members) if (!people.has(uuid)) people.set(uuid, undefined);
  if (!kindOf(entry).countsAsMessage) return;
  own.set(user_uuid, { seq, count: message_count });
  if (seq <= mark) ownByMark.set(user_uuid, seq);
}

/** Reads a whole log. 1 read unit for each 4 KB. */
export async function readHistory(
  table: Table,
  messageGroupUuid: string,
  options?: HistoryOptions,
): Promise<History> {
  const history = createHistory(messageGroupUuid, options);
  try {
    for await (const page of entries.pages(table, messageGroupUuid, { order: 'ascending' })) {
      for (const entry of page) history.apply(entry);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    history.applyUnreadable(history.seq + 1, error.message);
  }
  return history;
}

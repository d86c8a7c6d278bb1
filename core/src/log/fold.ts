import type { Table } from '../table/client.ts';
import { entryKey, type Key } from '../table/keys.ts';
import type { Entry, Person } from './entries.ts';
import * as entries from './entries.ts';
import { type IsErased, withoutErased } from './erased.ts';
import { type FoldedGroup, kindOf } from './kinds/index.ts';
import type { LogPosition } from './position.ts';

/** What is wrong, and where. The numbers are those of the invariants in docs/data-model.md. */
export type Finding = { invariant: Invariant; key: string; detail: string };
export type Invariant = 1 | 2 | 3 | 4 | 5 | 7 | 8;

/** A key as `bin/check` prints it and `bin/ddb/partiql` takes it. */
export const keyText = ({ pk, sk }: Key) => `${pk} ${sk}`;

/** Nobody's message, and no message_uuid, comes twice among this many entries: the idempotency window. */
const windowEntries = 200;
/** A conversation that is wrong throughout is told by its first faults. */
const maxFindings = 20;

/**
 * A log, folded entry by entry: where it stands, who is in it, how far each has written, and what is wrong with it.
 * It keeps four bytes for each entry and one text, the newest.
 */
export type History = ReturnType<typeof createHistory>;

export type HistoryOptions = { mark?: number | undefined; isErased?: IsErased | undefined };

/** Entries from the mark on whose texts are kept. */
const maxLater = 1_000;

/**
 * With a mark, it also tells how far each author had written by then (`ownByMark`), and keeps what came later: a
 * summary that is read while the log grows may show any of those entries.
 */
export function createHistory(
  messageGroupUuid: string,
  { mark = Number.POSITIVE_INFINITY, isErased = () => false }: HistoryOptions = {},
) {
  let counts = new Uint32Array(64);
  const recent = createWindow();
  const later = new Map<number, Entry>();

  const history = {
    uuid: messageGroupUuid,
    mark,
    isErased,
    newest: undefined as Entry | undefined,
    seq: 0,
    messageCount: 0,
    /** It has a hole or a wrong count, so that no position can be judged by it. */
    isBroken: false,
    isGroup: false,
    title: undefined as string | undefined,
    members: new Map() as FoldedGroup['members'],
    left: new Set<string>(),
    /** Everybody whom an entry names; who wrote one, with the name as of the newest. */
    people: new Map<string, Person | undefined>(),
    /** Each author's newest message. */
    own: new Map<string, LogPosition>(),
    ownByMark: new Map<string, number>(),
    findings: [] as Finding[],

    /** The number of messages up to an entry; undefined beyond the log. */
    countAt: (seq: number) => (seq <= history.seq && Number.isInteger(seq) ? counts[seq] : undefined),

    /** The newest entry, or one after the mark. */
    entryAt: (seq: number) => (seq === history.newest?.seq ? history.newest : later.get(seq)),

    /** Takes the next entry. */
    take(entry: Entry) {
      if (entry.seq !== history.seq + 1) fault(1, entry, `follows entry ${history.seq}`, 'broken');
      const kind = kindOf(entry);
      if (kind.countsAsMessage) history.messageCount += 1;
      if (entry.message_count !== history.messageCount)
        fault(1, entry, `message_count is ${entry.message_count}, not ${history.messageCount}`, 'broken');
      if (history.newest && entry.created_at < history.newest.created_at)
        fault(1, entry, `created_at ${entry.created_at} lies before ${history.newest.created_at}`);
      for (const twice of recent.take(entry)) fault(2, entry, twice);
      if (withoutErased(entry, isErased) !== entry) fault(8, entry, 'holds what is of an erased person');
      history.seq = entry.seq;
      history.messageCount = entry.message_count;
      history.newest = entry;
      if (entry.seq >= mark && later.size < maxLater) later.set(entry.seq, entry);
      if (!history.isBroken) count(entry);
      takeAuthor(entry);
      if (kind.countsAsMessage) takeMessage(entry);
      if ('members' in entry) takeNames(entry);
      for (const detail of kind.fold(history, entry)) fault(5, entry, detail);
    },

    /** Puts an item of an entry's key that is none down as a hole. */
    takeUnreadable(seq: number, reason: string) {
      fault(1, { seq }, reason, 'broken');
      history.seq = seq;
    },
  };

  function fault(invariant: Invariant, { seq }: { seq: number }, detail: string, isBroken?: 'broken') {
    if (isBroken) history.isBroken = true;
    if (history.findings.length >= maxFindings) return;
    history.findings.push({ invariant, key: keyText(entryKey(messageGroupUuid, seq)), detail });
  }

  function count({ seq, message_count }: Entry) {
    if (seq >= counts.length) {
      const larger = new Uint32Array(counts.length * 2);
      larger.set(counts);
      counts = larger;
    }
    counts[seq] = message_count;
  }

  function takeAuthor({ user_uuid, user_handle, user_display_name }: Entry) {
    history.people.set(user_uuid, { uuid: user_uuid, handle: user_handle, display_name: user_display_name });
  }

  function takeMessage({ seq, message_count, user_uuid }: Entry) {
    history.own.set(user_uuid, { seq, count: message_count });
    if (seq <= mark) history.ownByMark.set(user_uuid, seq);
  }

  function takeNames({ members }: { members: string[] }) {
    for (const uuid of members) if (!history.people.has(uuid)) history.people.set(uuid, undefined);
  }

  return history;
}

/** Tells what came twice among the newest entries. */
function createWindow() {
  const seqs = new Map<string, number>();
  const names: string[][] = [];
  return {
    take({ seq, message_uuid, user_uuid, idempotency_key }: Entry): string[] {
      const marks = [`message_uuid ${message_uuid}`];
      if (idempotency_key !== undefined) marks.push(`key of ${user_uuid} ${idempotency_key}`);
      const twice = marks
        .filter((name) => seqs.has(name))
        .map((name) => `${name} is entry ${seqs.get(name)}'s too`);
      for (const name of marks) seqs.set(name, seq);
      names.push(marks);
      if (names.length > windowEntries) for (const name of names.shift() ?? []) forget(name, seq);
      return twice;
    },
  };

  function forget(name: string, seq: number) {
    if ((seqs.get(name) ?? 0) <= seq - windowEntries) seqs.delete(name);
  }
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
      for (const entry of page) history.take(entry);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    history.takeUnreadable(history.seq + 1, error.message);
  }
  return history;
}

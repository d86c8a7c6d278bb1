import { flagsOf } from '@parley/contract/entry-kinds';
import type { Answer, Call, CallOf, Entry, History, Observation, Row, StoredEntry } from '../history.ts';

/** A violated invariant (docs/reliability.md), the kind of violation, and its details. */
export type Violation = { invariant: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9; kind: Wrong; detail: string };

export const wrongs = [
  'lost',
  'doubled',
  'out of order',
  'changed',
  'wrong time',
  'unread wrong',
  'summary wrong',
  'read position wrong',
  'setting wrong',
  'not a member',
  'role or title wrong',
  'not told',
  'token accepted',
  'token refused',
  'text left',
  'unexpected answer',
] as const;

/** The kinds of violation. A report counts each. */
export type Wrong = (typeof wrongs)[number];

export type Asked<Each extends Call = Call> = {
  id: number;
  person: string;
  call: Each;
  startMs: number;
  /** Infinity for a call without an answer. */
  endMs: number;
  answer: Answer | undefined;
  /** Repeats of the call, each with the time of its answer. */
  repeats: { answer: Answer; atMs: number }[];
};

type Final<Type extends Observation['type']> = Extract<Observation, { type: Type }>;

/** A received entry: in an answer, a page or an event. `isLook`: in a page that the live client did not request. */
export type Sight = { atMs: number; person: string; entry: Entry; socket?: number; isLook?: boolean };

/** A history, indexed for the checks. */
export type Digest = ReturnType<typeof digest>;

export function digest(history: History) {
  const asked = new Map<number, Asked>();
  const sights: Sight[] = [];
  /** Every received row, except those of the final read. */
  const rows: { atMs: number; person: string; row: Row }[] = [];
  let [endMs, wallMs] = [0, Infinity];

  for (const seen of history) {
    if ('atMs' in seen) endMs = Math.max(endMs, seen.atMs);
    if (seen.type === 'begin') wallMs = seen.wallMs;
    else if (seen.type === 'call') {
      const { id, person, call, atMs } = seen;
      asked.set(id, { id, person, call, startMs: atMs, endMs: Infinity, answer: undefined, repeats: [] });
    } else if (seen.type === 'answer' || seen.type === 'repeat') {
      const call = asked.get(seen.id);
      if (!call) continue;
      if (seen.type === 'repeat') call.repeats.push({ answer: seen.answer, atMs: seen.atMs });
      else Object.assign(call, { answer: seen.answer, endMs: seen.atMs });
      look(seen.atMs, call, seen.answer);
    } else if (seen.type === 'heard') sights.push(seen);
    else if (seen.type === 'row') rows.push(seen);
  }

  function look(atMs: number, { person, call }: Asked, answer: Answer) {
    if (answer.outcome !== 'ok') return;
    const { entry, entries = [], rows: shown = [] } = answer.result;
    for (const each of entry ? [entry] : entries)
      sights.push({ atMs, person, entry: each, isLook: call.kind === 'history' && call.isLook === true });
    for (const row of shown) rows.push({ atMs, person, row });
  }

  const calls = [...asked.values()];
  const tables = ofType(history, 'final-table');
  return {
    asked: calls,
    sights,
    rows,
    sockets: ofType(history, 'socket'),
    faults: ofType(history, 'fault').toSorted((one, other) => one.atMs - other.atMs),
    people: ofType(history, 'begin').flatMap(({ people }) => people),
    finals: ofType(history, 'final-log'),
    refusals: ofType(history, 'final-refusal'),
    inboxes: ofType(history, 'final-inbox'),
    tokens: ofType(history, 'final-token'),
    tables: new Map(tables.map((table) => [table.group, table])),
    /** The log of each conversation in the table. */
    logs: new Map<string, StoredEntry[]>(tables.map(({ group, entries }) => [group, entries])),
    erased: erasedPeople(calls),
    endMs,
    wallMs,
  };
}

const ofType = <Type extends Observation['type']>(history: History, type: Type) =>
  history.filter((seen): seen is Final<Type> => seen.type === type);

/** People who may have been erased, and when the erasure began. `isSure`: it was acknowledged. */
function erasedPeople(asked: Asked[]) {
  const erased = new Map<string, { startMs: number; isSure: boolean }>();
  for (const { person, startMs, answer } of ofKind(asked, 'erase')) {
    if (answer?.outcome === 'refused' && answer.isSure) continue;
    const before = erased.get(person);
    const isSure = answer?.outcome === 'ok' || before?.isSure === true;
    erased.set(person, { startMs: Math.min(startMs, before?.startMs ?? startMs), isSure });
  }
  return erased;
}

export const ofKind = <Kind extends Call['kind']>(asked: Asked[], kind: Kind) =>
  asked.filter((each): each is Asked<CallOf<Kind>> => each.call.kind === kind);

/** Whether an entry names somebody who may have been erased: its text may then be deleted. */
export const namesErased = ({ user_uuid, members = [] }: StoredEntry, { erased }: Pick<Digest, 'erased'>) =>
  [user_uuid, ...members].some((person) => erased.has(person));

export const isMessage = (entry: Entry) => flagsOf(entry).countsAsMessage;

/** Whether a log is that of a group, not of a direct conversation. */
export const isGroup = ([first]: Entry[]) => first !== undefined && flagsOf(first).createsGroup;

/** The number of messages of a log up to each position: `counts[seq]`. */
export function messageCounts(log: Entry[]): number[] {
  const counts = [0];
  for (const entry of log) counts.push((counts.at(-1) ?? 0) + (isMessage(entry) ? 1 : 0));
  return counts;
}

/** The answer of a successful call; undefined for the others. */
export const resultOf = ({ answer }: Pick<Asked, 'answer'>) =>
  answer?.outcome === 'ok' ? answer.result : undefined;

/** `Map.groupBy`, which Node has from version 21. */
export function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

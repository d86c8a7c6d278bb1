import type { Answer, Call, Entry, History, Observation, Row } from '../history.ts';

/** What is wrong: the invariant (docs/data-model.md), what kind of wrong, and where. */
export type Violation = { invariant: 1 | 2 | 3 | 4 | 5 | 6 | 7; kind: Wrong; detail: string };

/** The figures of a report, one each. */
export type Wrong =
  | 'lost'
  | 'doubled'
  | 'out of order'
  | 'changed'
  | 'wrong time'
  | 'unread wrong'
  | 'summary wrong'
  | 'not a member'
  | 'not told'
  | 'unexpected answer';

export type Asked = {
  id: number;
  person: string;
  call: Call;
  startMs: number;
  /** Infinity for a call that was never answered. */
  endMs: number;
  answer: Answer | undefined;
  repeats: Answer[];
};

type Final = Extract<Observation, { type: 'final-log' }>;

/** Every sight of an entry: an answer, a page, an event. `isLook`: of a page that the live client did not ask for. */
export type Sight = { atMs: number; person: string; entry: Entry; socket?: number; isLook?: boolean };

/** A history, sorted by what the checks look for. */
export type Digest = ReturnType<typeof digest>;

export function digest(history: History) {
  const asked = new Map<number, Asked>();
  const finals: Final[] = [];
  const inboxes = new Map<string, Row[]>();
  const sights: Sight[] = [];
  /** Every sight of a row. `isPushed`: by an event. */
  const rows: { atMs: number; person: string; row: Row }[] = [];
  const sockets: Extract<Observation, { type: 'socket' }>[] = [];
  const faults: Extract<Observation, { type: 'fault' }>[] = [];
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
      if (seen.type === 'repeat') call.repeats.push(seen.answer);
      else Object.assign(call, { answer: seen.answer, endMs: seen.atMs });
      look(seen.atMs, call, seen.answer);
    } else if (seen.type === 'heard') sights.push(seen);
    else if (seen.type === 'row') rows.push(seen);
    else if (seen.type === 'socket') sockets.push(seen);
    else if (seen.type === 'fault') faults.push(seen);
    else if (seen.type === 'final-log') finals.push(seen);
    else if (seen.type === 'final-inbox') inboxes.set(seen.person, seen.rows);
  }

  function look(atMs: number, { person, call }: Asked, answer: Answer) {
    if (answer.outcome !== 'ok') return;
    const { entry, entries = [], rows: shown = [] } = answer.result;
    for (const each of entry ? [entry] : entries)
      sights.push({ atMs, person, entry: each, isLook: call.kind === 'history' && call.isLook === true });
    for (const row of shown) rows.push({ atMs, person, row });
  }

  const logs = new Map<string, Entry[]>();
  for (const { group, entries } of finals)
    if (entries.length >= (logs.get(group)?.length ?? 0)) logs.set(group, entries);
  faults.sort((one, other) => one.atMs - other.atMs);
  return { asked: [...asked.values()], finals, inboxes, sights, rows, sockets, faults, logs, endMs, wallMs };
}

export const isMessage = ({ type }: Entry) => type === 'message';

/** Messages of a log up to each position: `counts[seq]`. */
export function messageCounts(log: Entry[]): number[] {
  const counts = [0];
  for (const entry of log) counts.push((counts.at(-1) ?? 0) + (isMessage(entry) ? 1 : 0));
  return counts;
}

/** The answer of a call that was done; undefined for the others. */
export const resultOf = ({ answer }: Asked) => (answer?.outcome === 'ok' ? answer.result : undefined);

/** What `Map.groupBy` does from Node 21 on. */
export function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

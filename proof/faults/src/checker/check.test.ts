import { describe, expect, it } from '@jest/globals';
import type { Answer, Call, Details, Entry, History, Observation, Result, Row } from '../history.ts';
import { checkHistory } from './check.ts';

const group = 'group-1';
const [ada, ben, eve] = ['ada', 'ben', 'eve'];
const isoAt = (seq: number) => new Date(1_700_000_000_000 + seq * 1_000).toISOString();

const entry = (seq: number, user_uuid: string, message: string, type = 'message'): Entry => ({
  ...{ uuid: `entry-${seq}`, seq, type, message_group_uuid: group, user_uuid, message },
  created_at: isoAt(seq),
});

/** The log of the correct history: Ada creates the group with Ben, and both write. */
const log = () => [
  entry(1, ada, 'ada created the group', 'group_created'),
  entry(2, ada, 'one'),
  entry(3, ben, 'two'),
  entry(4, ada, 'three'),
];

const row = (last: Entry, read_seq: number, unread_count: number): Row => ({
  ...{ uuid: group, kind: 'group', display_name: 'g', muted: false, hidden: false },
  message: last.message,
  created_at: last.created_at,
  last_seq: last.seq,
  unread_count,
  read_seq,
});

/** Builds a history in which each call is answered before the next one, unless a test changes that. */
function createHistory() {
  const history: History = [];
  let [atMs, id] = [0, 0];
  const tick = () => {
    atMs += 10;
    return atMs;
  };
  return {
    history,
    put: (observation: Record<string, unknown>) => {
      history.push({ atMs: tick(), ...observation } as Observation);
    },
    call(person: string, call: Call, result: Result, changes: Partial<Answer> = {}) {
      id += 1;
      history.push({ type: 'call', atMs: tick(), id, person, call });
      const answer = { outcome: 'ok', result, attempts: 1, ...changes } as Answer;
      history.push({ type: 'answer', atMs: tick(), id, person, answer });
      return id;
    },
    wait: (ms: number) => {
      atMs += ms;
    },
  };
}

const details = (): Details => ({
  ...{ group, title: 'g', read_seq: 4 },
  members: [
    { uuid: ada, role: 'admin' },
    { uuid: ben, role: 'member' },
  ],
});

const send = (message: string, known = 0): Call => ({ kind: 'send', group, message, key: message, known });

/** The history of a correct system. `changes` are applied to the log that is read at the end. */
function honest(finalLog: Entry[] = log()) {
  const { history, put, call, wait } = createHistory();
  const [, first, second, third] = log();
  if (!first || !second || !third) throw new Error('no log');
  for (const [socket, person] of [ada, ben].entries())
    put({ type: 'socket', person, socket, node: 'backend-1', is: 'ready' });
  call(ada, { kind: 'create', title: 'g', members: [ben], key: 'c' }, { details: details() });
  const hear = (heard: Entry) => {
    for (const [socket, person] of [ada, ben].entries()) put({ type: 'heard', person, socket, entry: heard });
  };
  hear(entry(1, ada, 'ada created the group', 'group_created'));
  for (const [person, sent] of [
    [ada, first],
    [ben, second],
    [ada, third],
  ] as const) {
    call(person, send(sent.message), { entry: sent });
    hear(sent);
  }
  put({ type: 'row', person: ben, socket: 1, row: row(third, 3, 1) });
  call(ben, { kind: 'mark-read', group, seq: 4 }, { read: { read_seq: 4, unread_count: 0 } });
  put({ type: 'drained' });
  const last = finalLog.at(-1) ?? third;
  const node = 'backend-1';
  for (const person of [ada, ben]) {
    history.push({ type: 'final-inbox', person, node, rows: [row(last, 4, 0)] });
    history.push({ type: 'final-log', person, node, group, entries: finalLog, details: details() });
  }
  const entries = finalLog.map((each) => ({
    ...each,
    ...(each.type === 'group_created' && { members: [ada, ben], title: 'g' }),
  }));
  history.push({ type: 'final-table', group, entries, members: details().members, title: 'g' });
  return { history, put, call, wait };
}

const kinds = (history: History) => [...new Set(checkHistory(history).violations.map(({ kind }) => kind))];

describe('the checker', () => {
  it('finds nothing in a correct history', () => {
    const { violations, figures } = checkHistory(honest().history);
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ operations: 5, acknowledged: 3, entries: 4, lost: 0, longestMs: 20 });
  });

  it('finds an acknowledged send that is not in the log', () => {
    const { history, call } = honest();
    call(ada, send('gone'), { entry: entry(5, ada, 'gone') });
    expect(kinds(history)).toContain('lost');
  });

  it('finds a gap in the log', () => {
    expect(kinds(honest(log().filter(({ seq }) => seq !== 3)).history)).toContain('lost');
  });

  it('finds a message that is in the log twice', () => {
    const twice = [...log(), entry(5, ada, 'three')];
    expect(kinds(honest(twice).history)).toContain('doubled');
  });

  it('finds a repeat that was answered with another entry', () => {
    const { history, put } = honest();
    const answer = { outcome: 'ok', result: { entry: entry(9, ada, 'one') }, attempts: 1 };
    put({ type: 'repeat', id: 2, person: ada, answer });
    expect(kinds(history)).toContain('doubled');
  });

  it('finds a send before one that was acknowledged earlier', () => {
    const [created, first, second, third] = log();
    if (!created || !first || !second || !third) throw new Error('no log');
    const swapped = [created, { ...second, seq: 2 }, { ...first, seq: 3 }, third];
    const { history } = honest(swapped);
    for (const seen of history) {
      if (seen.type !== 'answer' || seen.answer.outcome !== 'ok' || !seen.answer.result.entry) continue;
      const { result } = seen.answer;
      const moved = swapped.find(({ uuid }) => uuid === result.entry?.uuid);
      if (moved) result.entry = moved;
    }
    expect(kinds(history)).toContain('out of order');
  });

  it('finds a created_at that decreases', () => {
    const back = log().map((each) => (each.seq === 3 ? { ...each, created_at: isoAt(0) } : each));
    expect(checkHistory(honest(back).history).violations).toContainEqual(
      expect.objectContaining({ invariant: 1, kind: 'out of order' }),
    );
  });

  it('finds an entry that was received before its time', () => {
    const { history } = honest();
    history.unshift({ type: 'begin', seed: 1, wallMs: Date.parse(isoAt(0)), people: [] });
    expect(kinds(history)).toEqual([]);
    history[0] = { type: 'begin', seed: 1, wallMs: Date.parse(isoAt(-5)), people: [] };
    expect(kinds(history)).toEqual(['wrong time']);
  });

  it('finds an entry that changed', () => {
    const { history, put } = honest();
    put({ type: 'heard', person: ben, socket: 1, entry: { ...entry(4, ada, 'three'), message: 'changed' } });
    expect(kinds(history)).toEqual(['changed']);
  });

  it('finds a message that nobody sent, and one whose send was refused', () => {
    expect(kinds(honest([...log(), entry(5, ben, 'from nowhere')]).history)).toContain('changed');
    const { history, call } = honest([...log(), entry(5, ben, 'refused')]);
    const codes = ['message_group_not_found'];
    call(ben, send('refused'), {}, { outcome: 'refused', status: 404, codes, isSure: true });
    expect(kinds(history)).toContain('changed');
  });

  it('accepts a send with an unknown outcome, whether or not it is in the log', () => {
    for (const finalLog of [log(), [...log(), entry(5, ben, 'perhaps')]]) {
      const { history, call, put } = honest(finalLog);
      call(ben, send('perhaps'), {}, { outcome: 'unknown' });
      for (const seen of history)
        if (seen.type === 'final-inbox') for (const shown of seen.rows) shown.unread_count = 0;
      for (const [socket, person] of [ada, ben].entries())
        for (const told of finalLog.slice(4)) put({ type: 'heard', person, socket, entry: told });
      for (const seen of history)
        if (seen.type === 'final-inbox' && finalLog.length === 5)
          seen.rows = [
            row(entry(5, ben, 'perhaps'), seen.person === ben ? 5 : 4, seen.person === ben ? 0 : 1),
          ];
        else if (seen.type === 'final-log' && seen.person === ben)
          seen.details = { ...seen.details, read_seq: finalLog.length };
      expect(kinds(history)).toEqual([]);
    }
  });

  it('finds an unread count that does not match the positions of its row', () => {
    const { history, put } = honest();
    put({ type: 'row', person: ben, socket: 1, row: row(entry(4, ada, 'three'), 3, 2) });
    expect(kinds(history)).toEqual(['unread wrong']);
  });

  it('finds a row whose text is not that of its newest entry', () => {
    const { history, put } = honest();
    put({
      type: 'row',
      person: ben,
      socket: 1,
      row: row({ ...entry(4, ada, 'three'), message: 'two' }, 3, 1),
    });
    expect(kinds(history)).toEqual(['summary wrong']);
  });

  it('finds a summary that is not up to date at the end', () => {
    const { history } = honest();
    for (const seen of history)
      if (seen.type === 'final-inbox' && seen.person === ada) seen.rows = [row(entry(3, ben, 'two'), 2, 1)];
    expect(kinds(history)).toContain('summary wrong');
  });

  it('finds a read position that was lost or moved backward', () => {
    const forgotten = honest().history;
    for (const seen of forgotten)
      if (seen.type === 'final-inbox' && seen.person === ben) seen.rows = [row(entry(4, ada, 'three'), 3, 1)];
    expect(kinds(forgotten)).toEqual(['read position wrong']);
    const { history, call } = honest();
    call(ben, { kind: 'mark-read', group, seq: 2 }, { read: { read_seq: 3, unread_count: 1 } });
    expect(kinds(history)).toEqual(['read position wrong']);
  });

  it('finds a read and an event after a removal', () => {
    const added = { ...entry(5, ada, 'ada added eve', 'members_added'), members: [eve] };
    const removed = { ...entry(6, ada, 'ada removed eve', 'member_removed'), members: [eve] };
    const { history, call, put, wait } = honest([...log(), added, removed]);
    for (const [kind, told] of [
      ['add', added],
      ['remove', removed],
    ] as const) {
      call(ada, { kind, group, member: eve }, { details: details() });
      for (const [socket, person] of [ada, ben].entries())
        put({ type: 'heard', person, socket, entry: told });
    }
    expect(kinds(history)).toEqual([]);
    put({ type: 'heard', person: eve, socket: 9, entry: removed });
    expect(kinds(history)).toEqual([]);
    wait(3_000);
    put({ type: 'heard', person: eve, socket: 9, entry: removed });
    expect(kinds(history)).toEqual(['not a member']);
    call(eve, { kind: 'history', group, after: 0 }, { entries: log() });
    expect(checkHistory(history).figures['not a member']).toBe(2);
  });

  it('finds a stranger who was answered, and a stranger with the conversation in the inbox', () => {
    const { history, call } = honest();
    call(eve, { kind: 'history', group, after: 0 }, { entries: [] });
    expect(kinds(history)).toEqual(['not a member']);
    const lingering = honest().history;
    lingering.push({
      type: 'final-inbox',
      person: eve,
      node: 'backend-1',
      rows: [row(entry(4, ada, 'three'), 4, 0)],
    });
    expect(kinds(lingering)).toEqual(['not a member']);
  });

  it('finds an entry that a connected member received late or never', () => {
    const untold = honest().history.filter(
      (seen) => !(seen.type === 'heard' && seen.person === ben && seen.entry.seq === 4),
    );
    expect(kinds(untold)).toEqual(['not told']);
    const { history, put, wait } = honest();
    const late = history.filter(
      (seen) => !(seen.type === 'heard' && seen.person === ben && seen.entry.seq === 4),
    );
    wait(16_000);
    put({ type: 'heard', person: ben, socket: 1, entry: entry(4, ada, 'three') });
    expect(kinds([...late, ...history.slice(-1)])).toEqual(['not told']);
  });

  it('measures the wait from the last fault on the path, not from one on the other node', () => {
    const wait = (target: string) => {
      const { history, put, wait } = honest();
      const late = history.filter(
        (seen) => !(seen.type === 'heard' && seen.person === ben && seen.entry.seq === 4),
      );
      wait(16_000);
      late.push({ type: 'fault', atMs: 5_000, endMs: 9_000, kind: 'kill', target });
      put({ type: 'heard', person: ben, socket: 1, entry: entry(4, ada, 'three') });
      return kinds([...late, ...history.slice(-1)]);
    };
    expect(wait('backend-1')).toEqual([]);
    expect(wait('table')).toEqual([]);
    expect(wait('backend-2')).toEqual(['not told']);
  });

  it('finds a socket that received entries out of order', () => {
    const { history, put } = honest();
    put({ type: 'heard', person: ben, socket: 1, entry: entry(2, ada, 'one') });
    expect(kinds(history)).toEqual(['out of order']);
  });

  it('finds an answer that no fault explains', () => {
    const { history, call } = honest();
    call(ada, send('x'), {}, { outcome: 'refused', status: 500, codes: ['generic_500'], isSure: true });
    expect(kinds(history)).toEqual(['unexpected answer']);
  });
});

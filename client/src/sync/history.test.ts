import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Entry } from '../api/types.ts';
import {
  append,
  emptyHistory,
  firstSeq,
  type History,
  insert,
  isAtEnd,
  isAtStart,
  lastSeq,
  maxWindow,
  noteNewest,
  openWindow,
  prepend,
  trim,
  withoutAuthor,
} from './history.ts';

const entry = (seq: number): Entry => ({
  uuid: `m-${seq}`,
  seq,
  type: 'message',
  message_group_uuid: 'g',
  user_uuid: 'u',
  display_name: 'U',
  handle: 'u',
  tone: 1,
  message: `text ${seq}`,
  created_at: new Date(seq * 1000).toISOString(),
});
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => entry(from + index));
const seqs = ({ entries }: History) => entries.map(({ seq }) => seq);

describe('a window of a history', () => {
  test('accepts live entries in any order, each once', () => {
    let history = openWindow(emptyHistory, range(1, 3));
    for (const seq of [5, 4, 5, 2, 7, 4]) history = insert(history, entry(seq));
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
    expect([history.newest, isAtEnd(history)]).toEqual([7, false]);
    history = append(history, [entry(6)]);
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([isAtEnd(history), history.ahead.size]).toEqual([true, 0]);
  });

  test('refuses a page that would leave a gap, on either side', () => {
    const history = openWindow(emptyHistory, range(10, 12));
    expect(append(history, range(14, 20))).toBe(history);
    expect(prepend(history, range(1, 8))).toBe(history);
    expect(seqs(append(history, range(11, 14)))).toEqual([10, 11, 12, 13, 14]);
    expect(seqs(prepend(history, range(8, 10)))).toEqual([8, 9, 10, 11, 12]);
  });

  test('stays bounded: growth at one edge is cut at the other', () => {
    let history = openWindow(emptyHistory, range(50_001, 50_100));
    for (let round = 0; round < 20; round += 1) {
      history = trim(prepend(history, range(firstSeq(history) - 100, firstSeq(history) - 1)), 'end');
    }
    expect(history.entries).toHaveLength(maxWindow);
    expect([firstSeq(history), isAtEnd(history), history.newest]).toEqual([48_001, false, 50_100]);
    for (let round = 0; round < 20; round += 1) {
      history = trim(append(history, range(lastSeq(history) + 1, lastSeq(history) + 100)), 'start');
    }
    expect([history.entries.length, lastSeq(history)]).toEqual([maxWindow, 50_600]);
  });

  test('of an empty conversation is at both ends, and accepts the first entry', () => {
    expect([isAtStart(emptyHistory), isAtEnd(emptyHistory)]).toEqual([true, true]);
    expect(seqs(insert(emptyHistory, entry(1)))).toEqual([1]);
    // Nothing is loaded and the entry is not the first, so it is not shown alone; the page before it is read.
    expect(insert(emptyHistory, entry(7))).toMatchObject({ entries: [], newest: 7 });
  });

  test('is dense whatever arrives, and complete after reading the rest', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('insert' as const), seq: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ kind: fc.constant('note' as const), seq: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ kind: fc.constant('append' as const), seq: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ kind: fc.constant('prepend' as const), seq: fc.integer({ min: 1, max: 80 }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.array(step), (start, steps) => {
        let history = openWindow(emptyHistory, range(start, start + 5));
        for (const { kind, seq } of steps) {
          if (kind === 'insert') history = insert(history, entry(seq));
          if (kind === 'note') history = noteNewest(history, seq);
          if (kind === 'append') history = append(history, range(seq, seq + 4));
          if (kind === 'prepend') history = prepend(history, range(Math.max(1, seq - 4), seq));
          expect(seqs(history)).toEqual(seqs(history).map((_, index) => firstSeq(history) + index));
        }
        history = append(history, range(lastSeq(history) + 1, 90));
        history = prepend(history, range(1, firstSeq(history) - 1));
        expect(seqs(history)).toEqual(range(1, 90).map(({ seq }) => seq));
      }),
    );
  });
});

test("an erased person's messages become empty but keep their seq, and other messages stay", () => {
  const other = { ...entry(2), user_uuid: 'v' };
  const history = insert(openWindow(emptyHistory, [entry(1), other]), entry(5));
  const erased = withoutAuthor(history, 'u');
  expect(erased.entries.map(({ seq, message }) => [seq, message])).toEqual([
    [1, ''],
    [2, 'text 2'],
  ]);
  expect(erased.entries[0]).toMatchObject({ display_name: 'Deleted user' });
  expect(erased.ahead.get(5)?.message).toBe('');
});

import { expect, it } from '@jest/globals';
import type { Change, Entry } from './entries.ts';
import { createHistory } from './fold.ts';

function entryAt(seq: number, user_uuid = 'ada', change: Change = { type: 'message' }, count = seq): Entry {
  return {
    ...change,
    ...{ message_group_uuid: 'group', seq, message_uuid: `m${seq}`, message: `text ${seq}` },
    ...{ user_uuid, user_handle: user_uuid, user_display_name: user_uuid.toUpperCase() },
    ...{ created_at: '2026-01-01T00:00:00.000Z', message_count: count },
  };
}

it('stores the position of each author, and everybody whom an entry names', () => {
  const history = createHistory('group');
  const members = ['ada', 'ben', 'eve'];
  history.apply(entryAt(1, 'ada', { type: 'group_created', title: 'Pies', members }, 0));
  history.apply(entryAt(2, 'ben', undefined, 1));
  history.apply(entryAt(3, 'ben', { type: 'title_changed', title: 'Tarts' }, 1));
  expect(history.findings).toEqual([]);
  expect(history).toMatchObject({ seq: 3, messageCount: 1, isGroup: true, title: 'Tarts', isBroken: false });
  expect([...history.own]).toEqual([['ben', { seq: 2, count: 1 }]]);
  expect([...history.people]).toEqual([
    ['ada', { uuid: 'ada', handle: 'ada', display_name: 'ADA' }],
    ['ben', { uuid: 'ben', handle: 'ben', display_name: 'BEN' }],
    ['eve', undefined],
  ]);
});

it('has a count at every entry, and none beyond the log', () => {
  const history = createHistory('group');
  for (let seq = 1; seq <= 3; seq += 1) history.apply(entryAt(seq));
  expect([0, 1, 3, 4, 1.5].map(history.countAt)).toEqual([0, 1, 3, undefined, undefined]);
});

it('stores the entries after the mark, and how far each author had written by then', () => {
  const history = createHistory('group', { mark: 3 });
  for (let seq = 1; seq <= 5; seq += 1) history.apply(entryAt(seq));
  expect(history.ownByMark.get('ada')).toBe(3);
  expect(history.own.get('ada')).toEqual({ seq: 5, count: 5 });
  expect([2, 3, 4, 5].map((seq) => history.entryAt(seq)?.message)).toEqual([
    ...[undefined, 'text 3', 'text 4', 'text 5'],
  ]);
});

it('is broken by a gap, and lists only its first faults', () => {
  const history = createHistory('group');
  history.apply(entryAt(1));
  history.applyUnreadable(2, 'no entry');
  expect(history).toMatchObject({ isBroken: true, seq: 2 });
  for (let seq = 4; seq < 100; seq += 2) history.apply(entryAt(seq));
  expect(history.findings).toHaveLength(20);
  expect(history.findings[0]).toMatchObject({ invariant: 1, detail: 'no entry' });
  expect(history.isBroken).toBe(true);
});

import { describe, expect, test } from '@jest/globals';
import type { Entry } from '@parley/client/api/types';
import { emptyHistory, openWindow } from '@parley/client/sync/history';
import type { Pending } from '@parley/client/sync/outbox';
import { toRows } from './rows.ts';

const entry = (seq: number, user_uuid: string, minute: number, part: Partial<Entry> = {}): Entry => ({
  uuid: `m-${seq}`,
  seq,
  type: 'message',
  message_group_uuid: 'g',
  user_uuid,
  display_name: user_uuid,
  handle: user_uuid,
  tone: 1,
  message: `text ${seq}`,
  created_at: new Date(2026, 0, 5, 10, minute).toISOString(),
  ...part,
});
const pending = (part: Partial<Pending>): Pending => ({
  key: 'k',
  to: 'g',
  message: 'mine',
  known_seq: 2,
  created_at: new Date(2026, 0, 5, 10, 9).toISOString(),
  order: 1,
  state: 'sending',
  ...part,
});
const rows = (entries: Entry[], waiting: Pending[] = [], newAfter?: number) =>
  toRows({ history: openWindow(emptyHistory, entries), pending: waiting, me: 'me', newAfter });

describe('the rows of a conversation', () => {
  test("group one sender's messages within five minutes", () => {
    const shown = rows([entry(1, 'ana', 0), entry(2, 'ana', 2), entry(3, 'me', 3), entry(4, 'me', 30)]);
    expect(shown.map(({ startsGroup, endsGroup }) => [startsGroup, endsGroup])).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
    ]);
  });

  test('name each day once', () => {
    const tomorrow = new Date(2026, 0, 6).toISOString();
    const shown = rows([
      entry(1, 'ana', 0),
      entry(2, 'ana', 1),
      entry(3, 'ana', 2, { created_at: tomorrow }),
    ]);
    expect(shown.map(({ day }) => day)).toEqual(['2026-1-5', undefined, '2026-1-6']);
  });

  test("mark the first new message of somebody else's, and no notice", () => {
    const shown = rows(
      [
        entry(1, 'ana', 0),
        entry(2, 'me', 1),
        entry(3, 'ana', 2, { type: 'title_changed' }),
        entry(4, 'ana', 3),
      ],
      [],
      1,
    );
    expect(shown.map(({ isFirstNew }) => isFirstNew ?? false)).toEqual([false, false, false, true]);
  });

  test('show what is on its way below, until its entry is there', () => {
    const entries = [entry(1, 'ana', 0), entry(2, 'me', 1)];
    expect(rows(entries, [pending({})]).map(({ key }) => key)).toEqual(['1', '2', 'k']);
    const arrived = [...entries, entry(3, 'me', 2, { message: 'mine' })];
    expect(rows(arrived, [pending({})]).map(({ key }) => key)).toEqual(['1', '2', '3']);
  });

  test('do not take an older message of the same text for it, nor one entry for two', () => {
    const entries = [entry(1, 'ana', 0), entry(2, 'me', 1, { message: 'mine' })];
    expect(rows(entries, [pending({})])).toHaveLength(3);
    const two = [pending({}), pending({ key: 'k2' })];
    expect(rows([...entries, entry(3, 'me', 2, { message: 'mine' })], two)).toHaveLength(4);
  });

  test('show what was refused, whatever else was said', () => {
    const refused = pending({ state: 'failed', isRefused: true });
    expect(
      rows([entry(1, 'ana', 0), entry(2, 'ana', 0), entry(3, 'me', 2, { message: 'mine' })], [refused]),
    ).toHaveLength(4);
  });
});

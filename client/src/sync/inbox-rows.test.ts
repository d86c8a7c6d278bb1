import { expect, test } from '@jest/globals';
import type { InboxRow } from '../api/types.ts';
import { createInboxRows } from './inbox-rows.ts';

const row = (part: Partial<InboxRow> = {}): InboxRow => ({
  ...{
    uuid: 'a',
    kind: 'group',
    display_name: 'A',
    handle: null,
    user_uuid: null,
    tone: null,
    message: 'text',
  },
  created_at: '2026-01-01',
  ...{ sender_uuid: 'b', sender_display_name: 'B' },
  ...{ last_seq: 5, unread_count: 2, read_seq: 3, muted: false, hidden: false, settings_version: 1 },
  ...part,
});

/** Rows that report what they announce, in order. */
function world() {
  const reports: string[] = [];
  const rows = createInboxRows({
    onRow: ({ uuid, last_seq }) => reports.push(`row ${uuid} ${last_seq} of ${rows.rows().size}`),
    onChange: () => reports.push('change'),
  });
  return { rows, reports };
}

test('a row is stored before it is announced, and the merge reports whether it is exact', () => {
  const { rows, reports } = world();
  expect(rows.apply(row({ read_seq: 5, unread_count: 0 }))).toBe(true);
  expect(rows.apply(row({ last_seq: 7, unread_count: 4 }))).toBe(false);
  expect(rows.row('a')).toMatchObject({ last_seq: 7, read_seq: 5, unread_count: 2 });
  expect(reports).toEqual(['row a 5 of 1', 'change', 'row a 7 of 1', 'change']);
});

test('an answer with settings is applied unless a newer row has arrived', () => {
  const { rows } = world();
  const settings = { muted: true, hidden: true };
  rows.apply(row());
  rows.applySettings('a', settings, 0);
  expect([rows.row('a')?.muted, rows.hasHidden()]).toEqual([false, false]);
  rows.applySettings('a', settings, 1);
  expect([rows.row('a')?.muted, rows.hasHidden()]).toEqual([true, true]);
  rows.applySettings('b', settings, undefined);
  expect(rows.rows().size).toBe(1);
});

test('reads and leaving change the row, and are announced', () => {
  const { rows, reports } = world();
  rows.apply(row());
  rows.applyRead('a', { read_seq: 5, unread_count: 0 });
  expect(rows.row('a')).toMatchObject({ read_seq: 5, unread_count: 0 });
  rows.drop('a');
  expect(rows.rows().size).toBe(0);
  expect(reports.slice(2)).toEqual(['change', 'change']);
});

import { describe, expect, test } from '@jest/globals';
import type { InboxRow } from '../api/types.ts';
import { applyRead, applyRow, dropRow, type Inbox, sorted, unreadConversations } from './inbox.ts';

const row = (part: Partial<InboxRow>): InboxRow => ({
  uuid: 'a',
  kind: 'direct',
  display_name: 'A',
  handle: 'a',
  user_uuid: 'a',
  tone: 1,
  message: 'text',
  sender_uuid: 'a',
  sender_display_name: 'A',
  created_at: '2026-01-01T00:00:00.000Z',
  last_seq: 5,
  unread_count: 2,
  read_seq: 3,
  muted: false,
  hidden: false,
  settings_version: 0,
  ...part,
});
const of = (...rows: InboxRow[]): Inbox => new Map(rows.map((each) => [each.uuid, each]));

describe('the inbox', () => {
  test('is sorted by the newest message', () => {
    const inbox = of(row({ uuid: 'old' }), row({ uuid: 'new', created_at: '2026-02-01T00:00:00.000Z' }));
    expect(sorted(inbox).map(({ uuid }) => uuid)).toEqual(['new', 'old']);
  });

  test('an outdated row changes nothing', () => {
    const inbox = of(row({ last_seq: 9, read_seq: 9, unread_count: 0 }));
    expect(applyRow(inbox, row({ last_seq: 8, read_seq: 7, unread_count: 1 }))).toEqual({
      inbox,
      isExact: true,
    });
  });

  test('positions from two rows are merged, and the count is marked as a guess', () => {
    const inbox = of(row({ last_seq: 9, read_seq: 9, unread_count: 0 }));
    const applied = applyRow(inbox, row({ last_seq: 10, read_seq: 7, unread_count: 3, message: 'newer' }));
    expect(applied.isExact).toBe(false);
    expect(applied.inbox.get('a')).toMatchObject({
      last_seq: 10,
      read_seq: 9,
      unread_count: 1,
      message: 'newer',
    });
  });

  test('the read position moves forward only', () => {
    const inbox = of(row({}));
    expect(applyRead(inbox, 'a', { read_seq: 5, unread_count: 0 }).get('a')).toMatchObject({
      unread_count: 0,
    });
    expect(applyRead(inbox, 'a', { read_seq: 2, unread_count: 3 })).toBe(inbox);
    expect(applyRead(inbox, 'b', { read_seq: 2, unread_count: 3 })).toBe(inbox);
  });

  test('counts the conversations with unread messages', () => {
    const inbox = of(row({}), row({ uuid: 'b', unread_count: 0 }));
    expect(unreadConversations(inbox)).toBe(1);
    expect(unreadConversations(dropRow(inbox, 'a'))).toBe(0);
  });

  test('leaves out hidden conversations, and does not count muted ones', () => {
    const inbox = of(row({}), row({ uuid: 'b', hidden: true }), row({ uuid: 'c', muted: true }));
    expect(sorted(inbox).map(({ uuid }) => uuid)).toEqual(['a', 'c']);
    expect(sorted(inbox, true).map(({ uuid }) => uuid)).toEqual(['b']);
    expect(unreadConversations(inbox)).toBe(1);
  });

  test('a row from before a change of settings does not undo it, and a newer message unhides the conversation', () => {
    const inbox = of(row({ muted: true, hidden: true, settings_version: 2 }));
    expect(applyRow(inbox, row({ settings_version: 1 })).inbox).toBe(inbox);
    const applied = applyRow(inbox, row({ last_seq: 6, unread_count: 3, settings_version: 1 }));
    expect(applied.isExact).toBe(false);
    expect(applied.inbox.get('a')).toMatchObject({
      last_seq: 6,
      unread_count: 3,
      muted: true,
      hidden: false,
      settings_version: 2,
    });
  });
});

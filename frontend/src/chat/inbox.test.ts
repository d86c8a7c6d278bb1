import { describe, expect, test } from '@jest/globals';
import type { InboxRow } from '../api/types.ts';
import { dropRow, type Inbox, sorted, takeRead, takeRow, unreadConversations } from './inbox.ts';

const row = (part: Partial<InboxRow>): InboxRow => ({
  uuid: 'a',
  kind: 'direct',
  display_name: 'A',
  handle: 'a',
  message: 'text',
  created_at: '2026-01-01T00:00:00.000Z',
  last_seq: 5,
  unread_count: 2,
  read_seq: 3,
  ...part,
});
const of = (...rows: InboxRow[]): Inbox => new Map(rows.map((each) => [each.uuid, each]));

describe('the inbox', () => {
  test('is sorted by the newest message', () => {
    const inbox = of(row({ uuid: 'old' }), row({ uuid: 'new', created_at: '2026-02-01T00:00:00.000Z' }));
    expect(sorted(inbox).map(({ uuid }) => uuid)).toEqual(['new', 'old']);
  });

  test('a row that is older than what is known changes nothing', () => {
    const inbox = of(row({ last_seq: 9, read_seq: 9, unread_count: 0 }));
    expect(takeRow(inbox, row({ last_seq: 8, read_seq: 7, unread_count: 1 }))).toEqual({
      inbox,
      isExact: true,
    });
  });

  test('positions from two rows are merged, and the count is marked as a guess', () => {
    const inbox = of(row({ last_seq: 9, read_seq: 9, unread_count: 0 }));
    const taken = takeRow(inbox, row({ last_seq: 10, read_seq: 7, unread_count: 3, message: 'newer' }));
    expect(taken.isExact).toBe(false);
    expect(taken.inbox.get('a')).toMatchObject({
      last_seq: 10,
      read_seq: 9,
      unread_count: 1,
      message: 'newer',
    });
  });

  test('reading moves forward only', () => {
    const inbox = of(row({}));
    expect(takeRead(inbox, 'a', { read_seq: 5, unread_count: 0 }).get('a')).toMatchObject({
      unread_count: 0,
    });
    expect(takeRead(inbox, 'a', { read_seq: 2, unread_count: 3 })).toBe(inbox);
    expect(takeRead(inbox, 'b', { read_seq: 2, unread_count: 3 })).toBe(inbox);
  });

  test('counts the conversations with something unread', () => {
    const inbox = of(row({}), row({ uuid: 'b', unread_count: 0 }));
    expect(unreadConversations(inbox)).toBe(1);
    expect(unreadConversations(dropRow(inbox, 'a'))).toBe(0);
  });
});

import { expect, test } from '@jest/globals';
import type { Entry } from '../log/entries.ts';
import {
  advancedTo,
  isHidden,
  readPosition,
  readReceipt,
  type Summary,
  summaryFromItem,
  summaryItem,
  unreadCount,
} from './summary.ts';

const group = '11111111-1111-4111-8111-111111111111';
const ada = { uuid: '22222222-2222-4222-8222-222222222222', handle: 'ada', display_name: 'Ada' };
const bob = { uuid: '33333333-3333-4333-8333-333333333333', handle: 'bob', display_name: 'Bob' };

const entry = (seq: number, message = `text ${seq}`): Entry => ({
  type: 'message',
  message_group_uuid: group,
  seq,
  message_uuid: `uuid-${seq}`,
  message,
  user_uuid: ada.uuid,
  user_handle: ada.handle,
  user_display_name: ada.display_name,
  created_at: `2026-01-01T00:00:${String(seq).padStart(2, '0')}.000Z`,
  message_count: seq - 1,
});
const about = { kind: 'group', title: 'Team' } as const;
const summaryOf = (changes: Partial<Summary> = {}): Summary => ({
  ...summaryFromItem(summaryItem({ userUuid: bob.uuid, entry: entry(9), about, read: { seq: 4, count: 3 } })),
  ...changes,
});

test('the item of a summary holds the entry, its positions, and no attribute of the other kind of conversation', () => {
  expect(summaryOf()).toEqual({
    user: bob.uuid,
    message_group_uuid: group,
    kind: 'group',
    title: 'Team',
    message: 'text 9',
    sender_uuid: ada.uuid,
    last_message_at: '2026-01-01T00:00:09.000Z',
    last_seq: 9,
    message_count: 8,
    sent_seq: 0,
    sent_count: 0,
    read_seq: 4,
    read_count: 3,
  });
  const direct = summaryItem({
    userUuid: bob.uuid,
    entry: entry(1),
    about: { kind: 'direct', other: ada },
    read: { seq: 0, count: 0 },
    sent: { seq: 1, count: 1 },
    unopened: true,
  });
  expect(direct).toMatchObject({
    kind: 'direct',
    user_uuid: ada.uuid,
    user_handle: 'ada',
    user_display_name: 'Ada',
    sent_seq: 1,
    sent_count: 1,
    unopened: true,
  });
  expect(direct).not.toHaveProperty('title');
});

test('an item with another key is not a summary', () => {
  expect(() => summaryFromItem({ pk: `MSG#${group}`, sk: 'GROUP' })).toThrow(TypeError);
});

test('an own message after the read position counts as read', () => {
  expect(readPosition(summaryOf())).toEqual({ seq: 4, count: 3 });
  expect(unreadCount(summaryOf())).toBe(5);
  const sent = summaryOf({ sent_seq: 7, sent_count: 6 });
  expect(readPosition(sent)).toEqual({ seq: 7, count: 6 });
  expect(unreadCount(sent)).toBe(2);
  // The read position is ahead of the summary, because the trailing pass has not written it yet.
  expect(unreadCount(summaryOf({ read_seq: 12, read_count: 11 }))).toBe(0);
});

test('a read receipt is the read position, but joining does not count as reading', () => {
  expect(readReceipt(summaryOf())).toBe(4);
  expect(readReceipt(summaryOf({ unopened: true }))).toBeNull();
  expect(readReceipt(summaryOf({ unopened: true, sent_seq: 7, sent_count: 6 }))).toBe(7);
  expect(readReceipt(summaryOf({ read_seq: 0, read_count: 0 }))).toBeNull();
});

test('a hidden conversation shows again with its next message', () => {
  expect(isHidden(summaryOf())).toBe(false);
  expect(isHidden(summaryOf({ hidden_count: 8 }))).toBe(true);
  expect(isHidden(summaryOf({ hidden_count: 7 }))).toBe(false);
  expect(isHidden(summaryOf({ hidden_count: -1, message_count: 0 }))).toBe(false);
});

test('a summary advances to a newer entry, and never goes back', () => {
  const summary = summaryOf();
  expect(advancedTo(summary, entry(12))).toEqual({
    ...summary,
    message: 'text 12',
    last_message_at: '2026-01-01T00:00:12.000Z',
    last_seq: 12,
    message_count: 11,
  });
  for (const older of [entry(9, 'other'), entry(3), undefined])
    expect(advancedTo(summary, older)).toBe(summary);
});

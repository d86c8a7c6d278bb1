import { expect, it } from '@jest/globals';
import { messageDraft, nextEntry, timestamp } from './next-entry.ts';

const ada = { uuid: 'ada', handle: 'ada', display_name: 'Ada' };
const tail = { uuid: 'group', seq: 7, messageCount: 5 };
const options = { messageUuid: 'm', createdAt: '2026-01-01T00:00:00.000Z', isLarge: false };

it('gives each message of a write the next number and the next count', () => {
  const draft = () => messageDraft({ messageGroupUuid: 'group', sender: ada, message: 'hi' });
  expect(nextEntry(tail, 1, draft(), options)).toEqual({
    type: 'message',
    message: 'hi',
    message_group_uuid: 'group',
    seq: 8,
    message_uuid: 'm',
    user_uuid: 'ada',
    user_handle: 'ada',
    user_display_name: 'Ada',
    created_at: '2026-01-01T00:00:00.000Z',
    message_count: 6,
  });
  expect(nextEntry(tail, 3, draft(), options)).toMatchObject({ seq: 10, message_count: 8 });
});

it('does not count a change of the group as a message', () => {
  const draft = { type: 'title_changed' as const, title: 'Pies', message: 'renamed', author: ada };
  const entry = nextEntry(tail, 2, draft, options);
  expect(entry).toMatchObject({ type: 'title_changed', title: 'Pies', seq: 9, message_count: 5 });
  expect(entry).not.toHaveProperty('author');
  expect(entry).not.toHaveProperty('large');
});

it('marks the entries of a large conversation, and no others', () => {
  const draft = messageDraft({ messageGroupUuid: 'group', sender: ada, message: 'hi' });
  expect(nextEntry(tail, 1, draft, { ...options, isLarge: true })).toHaveProperty('large', true);
});

it('stores the key and the hash of a send, and neither if it has no key', () => {
  const send = { messageGroupUuid: 'group', sender: ada, message: 'hi', bodyHash: 'h' };
  expect(messageDraft({ ...send, idempotencyKey: 'k' })).toMatchObject({
    idempotency_key: 'k',
    body_hash: 'h',
  });
  expect(messageDraft(send)).toEqual({ type: 'message', message: 'hi', author: ada });
});

it('dates an entry by the clock, but never before the newest entry', () => {
  const createdAtMs = Date.parse('2026-01-01T00:00:01.000Z');
  expect(timestamp(createdAtMs + 500, { createdAtMs })).toBe('2026-01-01T00:00:01.500Z');
  expect(timestamp(createdAtMs - 60_000, { createdAtMs })).toBe('2026-01-01T00:00:01.000Z');
});

import { expect, test } from '@jest/globals';
import type { Group, InboxRow } from '../api/types.ts';
import { createConversations } from './conversations.ts';
import { createInboxSync } from './inbox-sync.ts';
import { createReceipts } from './receipts.ts';

const row = {
  ...{ uuid: 'g', kind: 'group', created_at: '2026-01-01', last_seq: 10, read_seq: 5, unread_count: 5 },
  ...{ muted: false, hidden: false, settings_version: 0 },
} as InboxRow;

function world(readSeq: number | null = 5, memberCount = 2) {
  const sent: number[] = [];
  const failures: Error[] = [];
  const events: string[] = [];
  const conversations = createConversations(() => {});
  const inbox = createInboxSync({ api: {} as never, onRow: () => {}, onChange: () => {} });
  inbox.apply(row);
  conversations.begin('g');
  const members = Array.from({ length: memberCount }, (_, at) => ({
    uuid: at === 0 ? 'me' : `p-${at}`,
    read_seq: readSeq,
  }));
  conversations.update('g', { group: { members } as Group });
  const receipts = createReceipts({
    api: {
      async markRead(_, seq) {
        sent.push(seq);
        const failure = failures.shift();
        if (failure) throw failure;
        return { read_seq: seq, unread_count: 10 - seq };
      },
    },
    ...{ meUuid: 'me', conversations, inbox },
    onUnknownCount: () => events.push('unknown'),
    onMoved: (uuid) => events.push(`moved ${uuid}`),
  });
  const readOf = (at: number) => conversations.get('g')?.group?.members[at]?.read_seq;
  return { receipts, sent, failures, events, inbox, readOf };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const receipt = (user_uuid: string, read_seq: number) => ({ message_group_uuid: 'g', user_uuid, read_seq });

test('a position is sent once, only forward, and its answer is in the inbox', async () => {
  const { receipts, sent, inbox } = world();
  for (const seq of [5, 8, 8, 7, 9]) receipts.markSeen('g', seq);
  await turn();
  expect(sent).toEqual([8, 9]);
  expect(inbox.row('g')).toMatchObject({ read_seq: 9, unread_count: 1 });
});

test('a position is sent again after a failure, unless a greater one followed', async () => {
  const { receipts, sent, failures } = world();
  failures.push(new Error('no answer'));
  receipts.markSeen('g', 8);
  await turn();
  receipts.markSeen('g', 8);
  await turn();
  failures.push(new Error('no answer'));
  receipts.markSeen('g', 9);
  receipts.markSeen('g', 10);
  await turn();
  receipts.markSeen('g', 9);
  expect(sent).toEqual([8, 8, 9, 10]);
});

test('a new member marks the visible entries once, though nothing is unread, if the group sends receipts', () => {
  const small = world(null);
  for (const seq of [5, 5]) small.receipts.markSeen('g', seq);
  expect(small.sent).toEqual([5]);
  const large = world(null, 51);
  large.receipts.markSeen('g', 5);
  expect(large.sent).toEqual([]);
});

test('a receipt moves its member only forward, and always counts as a change of the group', () => {
  const { receipts, events, readOf } = world();
  for (const seq of [7, 6]) receipts.apply(receipt('p-1', seq));
  expect([readOf(0), readOf(1)]).toEqual([5, 7]);
  expect(events).toEqual(['moved g', 'moved g']);
  const large = world(5, 51);
  large.receipts.apply(receipt('p-1', 7));
  expect([large.readOf(1), large.events]).toEqual([5, ['moved g']]);
});

test('a read of everything on another device clears the badge, and a partial read causes a read of the inbox', () => {
  const { receipts, events, inbox } = world();
  receipts.apply(receipt('me', 4));
  receipts.apply(receipt('p-1', 10));
  expect([inbox.row('g')?.unread_count, events.includes('unknown')]).toEqual([5, false]);
  receipts.apply(receipt('me', 8));
  expect([inbox.row('g')?.unread_count, events.includes('unknown')]).toEqual([5, true]);
  receipts.apply(receipt('me', 10));
  expect(inbox.row('g')).toMatchObject({ unread_count: 0, read_seq: 10 });
});

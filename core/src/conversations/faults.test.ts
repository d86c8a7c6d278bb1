import { expect, test } from '@jest/globals';
import { type Summary, summaryFromItem, summaryItem } from '../inbox/summaries.ts';
import type { Change, Entry } from '../log/entries.ts';
import { createHistory } from '../log/fold.ts';
import type { Group } from '../log/members.ts';
import { faultsOf } from './faults.ts';
import type { ConversationSnapshot } from './snapshot.ts';
import { conversationUuid } from './uuids.ts';

const [ada, bob, eve] = ['a', 'b', 'e'].map((digit) =>
  '00000000-0000-4000-8000-000000000000'.replaceAll('0', digit),
) as [string, string, string];
const uuid = '11111111-1111-4111-8111-111111111111';
const at = '2026-01-01T00:00:00.000Z';

function historyOf(messageGroupUuid: string, changes: (Change & { by: string })[]) {
  const history = createHistory(messageGroupUuid);
  for (const [index, { by, ...change }] of changes.entries()) {
    const message_count = history.messageCount + (change.type === 'message' ? 1 : 0);
    history.apply({
      ...change,
      message_group_uuid: messageGroupUuid,
      seq: index + 1,
      message_uuid: `m${index}`,
      message: `text ${index}`,
      user_uuid: by,
      user_handle: by.slice(0, 1),
      user_display_name: by.slice(0, 1),
      created_at: at,
      message_count,
    } as Entry);
  }
  return history;
}

/** A correct group of Ada and Bob that Eve has left. */
function healthyGroup(): ConversationSnapshot & { group: Group } {
  const history = historyOf(uuid, [
    { type: 'group_created', title: 'Team', members: [ada, bob, eve], by: ada },
    { type: 'message', by: bob },
    { type: 'member_removed', members: [eve], by: eve },
  ]);
  const entry = history.newest as Entry;
  const about = { kind: 'group', title: 'Team' } as const;
  const summaries = [ada, bob].map((userUuid): [string, Summary] => [
    userUuid,
    summaryFromItem(summaryItem({ userUuid, entry, about, read: { seq: 2, count: 1 } })),
  ]);
  return {
    history,
    group: {
      message_group_uuid: uuid,
      kind: 'group',
      title: 'Team',
      created_by: ada,
      created_at: at,
      member_count: 2,
      version: 2,
    },
    members: [
      { user_uuid: ada, role: 'admin', joined_at: at },
      { user_uuid: bob, role: 'member', joined_at: at },
    ],
    summaries: new Map(summaries),
    leavers: new Set([eve]),
  };
}

const found = (snapshot: ConversationSnapshot) =>
  faultsOf(snapshot).map(({ invariant, detail }) => `${invariant}: ${detail}`);

test('a correct group has no fault', () => {
  expect(found(healthyGroup())).toEqual([]);
});

test('a missing group item, title, role, member or LEFT# item is a fault', () => {
  const { group, ...rest } = healthyGroup();
  expect(found(rest)).toContain('5: is missing (was an import stopped?)');
  expect(found({ ...rest, group: { ...group, title: 'Other' } })).toContain(
    '5: title is “Other”, but “Team” in the log',
  );
  expect(found({ ...rest, group: { ...group, member_count: 3 } })).toContain(
    '5: member_count is 3, but there are 2 members',
  );
  const [first, second] = rest.members;
  if (!first || !second) throw new Error('the group has no members');
  expect(found({ ...rest, group, members: [{ ...first, role: 'member' }, second] })).toContain(
    '5: role is member, but admin in the log',
  );
  expect(found({ ...rest, group: { ...group, member_count: 1 }, members: [first] })).toEqual([
    '5: is missing: the log makes this person a member',
  ]);
  const joined = { ...second, user_uuid: eve };
  expect(
    found({ ...rest, group: { ...group, member_count: 3 }, members: [first, second, joined] }),
  ).toContain('5: the log does not make this person a member');
  expect(found({ ...rest, group, leavers: new Set() })).toEqual(['5: is missing: this person left']);
});

test.each<[string, Partial<Summary>]>([
  ['3: is at entry 2, but the newest is 3', { last_seq: 2 }],
  ['4: message_count is 2, but the log has 1 at last_seq 3', { message_count: 2 }],
  ['4: read_seq is 9, but the log ends at 3', { read_seq: 9 }],
  ['3: message is not that of entry 3', { message: 'lies' }],
  ['3: title is “Old”, not “Team”', { title: 'Old' }],
  ["3: sent_seq is 3, but the member's newest message is 2", { sent_seq: 3, sent_count: 1 }],
  ["3: the member's own message 2 counts as unread (sent_seq 0, read_seq 1)", { read_seq: 1, read_count: 0 }],
])('a summary is at fault: %s', (fault, changes) => {
  const snapshot = healthyGroup();
  snapshot.summaries.set(bob, { ...(snapshot.summaries.get(bob) as Summary), ...changes });
  expect(found(snapshot)).toEqual([fault]);
});

test('a member without a summary is a fault, and a broken log has only its own faults', () => {
  const snapshot = healthyGroup();
  snapshot.summaries.delete(bob);
  expect(found(snapshot)).toEqual(['5: is missing: this person is a member']);
  snapshot.history.applyUnreadable(4, 'not an entry');
  expect(found(snapshot)).toEqual(['1: not an entry']);
});

test('a direct conversation has the uuid of its two members, and no other author', () => {
  const direct = (messageGroupUuid: string, author: string): ConversationSnapshot => {
    const history = historyOf(messageGroupUuid, [{ type: 'message', by: author }]);
    const entry = history.newest as Entry;
    const members = [ada, bob].map((user_uuid) => ({ user_uuid, role: 'member' as const, joined_at: at }));
    const other = (userUuid: string) => (userUuid === ada ? bob : ada);
    return {
      history,
      group: {
        message_group_uuid: messageGroupUuid,
        kind: 'direct',
        created_by: author,
        created_at: at,
        member_count: 2,
        version: 1,
      },
      members,
      summaries: new Map(
        [ada, bob].map((userUuid) => [
          userUuid,
          summaryFromItem(
            summaryItem({
              userUuid,
              entry,
              about: { kind: 'direct', other: { uuid: other(userUuid), handle: '', display_name: '' } },
              read: { seq: 0, count: 0 },
              ...(userUuid === author && { sent: { seq: 1, count: 1 } }),
            }),
          ),
        ]),
      ),
      leavers: new Set(),
    };
  };
  expect(found(direct(conversationUuid(ada, bob), ada))).toEqual([]);
  expect(found(direct(uuid, ada))).toEqual(['7: the uuid is not that of its two members']);
  expect(found(direct(conversationUuid(ada, bob), eve))).toEqual([
    `5: ${eve} wrote here, but is not one of the two members`,
  ]);
});

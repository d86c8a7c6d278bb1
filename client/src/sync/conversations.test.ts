import { expect, test } from '@jest/globals';
import type { Group } from '../api/types.ts';
import { createConversations } from './conversations.ts';
import { noteNewest } from './history.ts';

function world() {
  let changes = 0;
  const conversations = createConversations(() => {
    changes += 1;
  });
  const uuids = () => conversations.all().map(({ uuid }) => uuid);
  return { conversations, uuids, changes: () => changes };
}

test('the ninth conversation drops the one that was opened longest ago', () => {
  const { conversations, uuids } = world();
  for (const uuid of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) conversations.begin(uuid);
  conversations.moveLast('a');
  conversations.moveLast('unknown');
  conversations.begin('i');
  expect(uuids()).toEqual(['c', 'd', 'e', 'f', 'g', 'h', 'a', 'i']);
});

test('opening a known conversation again empties it', () => {
  const { conversations } = world();
  conversations.begin('a');
  conversations.update('a', { status: 'ready', newAfter: 7, reason: 'failed' });
  conversations.updateHistory('a', (history) => noteNewest(history, 7));
  conversations.begin('a');
  expect(conversations.get('a')).toMatchObject({
    status: 'loading',
    newAfter: undefined,
    history: { newest: 0 },
  });
  expect(conversations.get('a')?.reason).toBeUndefined();
});

test('changes are announced and create new objects, and do not affect conversations that are not loaded', () => {
  const { conversations, changes } = world();
  conversations.begin('a');
  const before = conversations.get('a');
  conversations.updateMembers('a', (member) => ({ ...member, read_seq: 7 }));
  expect([changes(), conversations.get('a')]).toEqual([1, before]);
  const members = [{ uuid: 'ben', read_seq: null }];
  conversations.update('a', { group: { title: 'A', members } as Group });
  conversations.updateMembers('a', (member) => ({ ...member, read_seq: 7 }));
  expect(conversations.get('a')?.group).toMatchObject({
    title: 'A',
    members: [{ uuid: 'ben', read_seq: 7 }],
  });
  expect(before?.group).toBeUndefined();
  conversations.updateHistory('a', (history) => noteNewest(history, 7));
  expect([changes(), conversations.get('a')?.history.newest]).toEqual([4, 7]);
  for (const change of [
    () => conversations.update('b', { status: 'ready' }),
    () => conversations.updateHistory('b', (history) => noteNewest(history, 7)),
    () => conversations.updateMembers('b', (member) => member),
  ])
    change();
  expect([changes(), conversations.get('b')]).toEqual([4, undefined]);
  conversations.remove('a');
  expect([changes(), conversations.all()]).toEqual([5, []]);
});

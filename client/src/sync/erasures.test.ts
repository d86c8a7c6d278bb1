import { expect, test } from '@jest/globals';
import type { Entry, Group } from '../api/types.ts';
import { createConversations } from './conversations.ts';
import { createErasures } from './erasures.ts';
import { openWindow } from './history.ts';

const entry = (user_uuid: string, message_group_uuid = 'g', type: Entry['type'] = 'message') =>
  ({
    uuid: 'm',
    seq: 1,
    type,
    message_group_uuid,
    user_uuid,
    handle: user_uuid,
    display_name: user_uuid,
    message: 'text',
  }) as Entry;
const group = (uuid = 'g') =>
  ({
    uuid,
    members: ['ana', 'ben'].map((each) => ({
      uuid: each,
      handle: each,
      display_name: each,
      role: 'member',
      read_seq: 7,
    })),
  }) as unknown as Group;

function world() {
  const conversations = createConversations(() => {});
  conversations.begin('g');
  conversations.update('g', { group: group() });
  conversations.updateHistory('g', (history) => openWindow(history, [entry('ben')]));
  return { conversations, erasures: createErasures({ conversations }) };
}
const ben = { message_group_uuid: 'g', user_uuid: 'ben' };
const erasedMember = {
  uuid: 'ben',
  handle: 'deleted-ben',
  display_name: 'Deleted user',
  tone: null,
  role: 'member',
  read_seq: 7,
};

test('an erasure removes text and name from loaded entries, and does not change others', () => {
  const { conversations, erasures } = world();
  erasures.apply(ben);
  const { history, group: shown } = conversations.get('g') ?? {};
  expect(history?.entries).toMatchObject([
    { message: '', handle: 'deleted-ben', display_name: 'Deleted user' },
  ]);
  expect(shown?.members).toEqual([group().members[0], erasedMember]);
});

test('an answer from before the erasure also loses text and name', () => {
  const { erasures } = world();
  expect(erasures.clean(entry('ben'))).toEqual(entry('ben'));
  expect(erasures.cleanGroup(group())).toEqual(group());
  erasures.apply(ben);
  expect(erasures.clean(entry('ben'))).toMatchObject({ message: '', display_name: 'Deleted user' });
  expect(erasures.cleanGroup(group()).members).toEqual([group().members[0], erasedMember]);
  for (const other of [entry('ana'), entry('ben', 'h')]) expect(erasures.clean(other)).toBe(other);
  expect(erasures.cleanGroup(group('h'))).toEqual(group('h'));
});

test('only the server changes the text of a notice', () => {
  const { erasures } = world();
  erasures.apply(ben);
  const notice = entry('ben', 'g', 'title_changed');
  expect(erasures.clean(notice)).toBe(notice);
});

test('two people can be erased, and each conversation is read again once', () => {
  const { erasures } = world();
  erasures.apply(ben);
  erasures.apply({ ...ben, user_uuid: 'ana' });
  erasures.apply({ ...ben, message_group_uuid: 'h' });
  for (const user of ['ana', 'ben']) expect(erasures.clean(entry(user)).message).toBe('');
  expect(erasures.takeChanged()).toEqual(['g', 'h']);
  expect(erasures.takeChanged()).toEqual([]);
});

import { expect, test } from '@jest/globals';
import * as keys from './keys.ts';

const group = '11111111-1111-4111-8111-111111111111';
const ada = 'a2222222-2222-4222-8222-222222222222';

test('a key of Parley is parsed into its parts', () => {
  expect(keys.parseKey(keys.entryKey(group, 42))).toEqual({
    item: 'entry',
    messageGroupUuid: group,
    seq: 42,
  });
  expect(keys.parseKey(keys.groupKey(group))).toEqual({ item: 'group', messageGroupUuid: group });
  const both = { messageGroupUuid: group, userUuid: ada };
  expect(keys.parseKey(keys.memberKey(group, ada))).toEqual({ item: 'member', ...both });
  expect(keys.parseKey(keys.summaryKey(ada, group))).toEqual({ item: 'summary', ...both });
  expect(keys.parseKey(keys.leftKey(ada, group))).toEqual({ item: 'left', ...both });
});

test('items of sockets and nodes are live items', () => {
  for (const key of [
    keys.connectionKey('c'),
    keys.nodeKey('n'),
    keys.listedNodeKey('n'),
    keys.placeKey(ada, 'n'),
  ])
    expect(keys.parseKey(key)).toEqual({ item: 'live' });
});

test.each([
  [{ pk: `MSG#${group}`, sk: '42' }],
  [{ pk: `MSG#${group}`, sk: '0000000000042' }],
  [{ pk: `MSG#${group}`, sk: `MEMBER#${ada.toUpperCase()}` }],
  [{ pk: 'MSG#general', sk: 'GROUP' }],
  [{ pk: `GRP#${ada}`, sk: 'general' }],
  [{ pk: `MSG#${group}#old`, sk: 'GROUP' }],
])('%j is unknown', (key) => {
  expect(keys.parseKey(key)).toEqual({ item: 'unknown' });
});

test('sort keys of a conversation sort entries by number, then the group, then its members', () => {
  const sorted = [
    keys.seqSk(1),
    keys.seqSk(9),
    keys.seqSk(10),
    keys.seqSk(keys.maxSeq),
    keys.entriesEndSk,
    keys.groupSk,
    keys.memberSk(''),
    keys.memberSk(ada),
    keys.membersEndSk,
  ];
  expect(sorted.toSorted()).toEqual(sorted);
});

test('the node and the shard are read from the keys of their items', () => {
  expect(keys.nodeIdOf(keys.listedNodeKey('node-7'))).toBe('node-7');
  expect(keys.nodeIdOf(keys.placeKey(ada, 'node-7'))).toBe('node-7');
  const arn = 'arn:aws:dynamodb:eu-central-1:1:table/t/stream/2026-01-01T00:00:00.000';
  expect(keys.shardIdOf(keys.checkpointKey('summaries', arn, 'shardId-1'))).toBe('shardId-1');
});

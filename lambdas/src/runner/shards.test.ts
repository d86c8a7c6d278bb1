import { expect, test } from '@jest/globals';
import { openShards, type Stream } from './shards.ts';

const stream: Stream = {
  streamArn: 'arn:stream',
  shards: [
    { shardId: 'parent', parentId: undefined },
    { shardId: 'child', parentId: 'parent' },
    { shardId: 'other', parentId: undefined },
  ],
};
const open = (finished: string[], passed: string[]) =>
  openShards(stream, { finished: new Set(finished), passed: new Set(passed) }).map(
    ({ shardId, isContinued }) => [shardId, isContinued],
  );

test('a child is read once its parent is passed, from its beginning', () => {
  expect(open([], [])).toEqual([
    ['parent', false],
    ['other', false],
  ]);
  expect(open([], ['parent'])).toEqual([
    ['parent', false],
    ['child', true],
    ['other', false],
  ]);
});

test('a shard that every source has finished is not read again', () => {
  expect(open(['parent', 'other'], ['parent', 'other'])).toEqual([['child', true]]);
});

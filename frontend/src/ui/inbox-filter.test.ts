import { expect, test } from '@jest/globals';
import type { InboxRow } from '@parley/client/api/types';
import { filtered } from './inbox-filter.ts';

const row = (uuid: string, kind: InboxRow['kind'], unread_count: number) =>
  ({ uuid, kind, unread_count }) as InboxRow;
const rows = [row('ana', 'direct', 0), row('ben', 'direct', 2), row('garden', 'group', 0)];
const uuids = (...rest: [filter: 'all' | 'unread' | 'groups', current?: string]) =>
  filtered(rows, rest[0], rest[1]).map(({ uuid }) => uuid);

test('a filter keeps the order and what fits it', () => {
  expect(uuids('all')).toEqual(['ana', 'ben', 'garden']);
  expect(uuids('unread')).toEqual(['ben']);
  expect(uuids('groups')).toEqual(['garden']);
});

test('the open conversation stays among the unread while it is read', () => {
  expect(uuids('unread', 'ana')).toEqual(['ana', 'ben']);
  expect(uuids('groups', 'ana')).toEqual(['garden']);
});

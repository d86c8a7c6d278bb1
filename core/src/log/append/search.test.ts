import { expect, it } from '@jest/globals';
import type { AppendRequest } from './job.ts';
import { isFarBehind } from './search.ts';

const sender = { uuid: 'ada', handle: 'ada', display_name: 'Ada' };
const request = (idempotencyKey?: string, knownSeq?: number, searchedTo?: number): AppendRequest => ({
  ...{ kind: 'append', messageUuid: 'm', searchedTo },
  append: { messageGroupUuid: 'group', sender, message: 'hi', idempotencyKey, knownSeq },
});

it('searches up to 1,000 entries within a turn, and more outside the queue', () => {
  expect(isFarBehind({ coveredFrom: 1_005 }, request('k', 5))).toBe(false);
  expect(isFarBehind({ coveredFrom: 1_006 }, request('k', 5))).toBe(true);
});

it('counts from the end of the last search', () => {
  expect(isFarBehind({ coveredFrom: 5_000 }, request('k', 5, 4_000))).toBe(false);
  expect(isFarBehind({ coveredFrom: 5_001 }, request('k', 5, 4_000))).toBe(true);
});

it('needs no search without a key or without known_seq', () => {
  expect(isFarBehind({ coveredFrom: 9_000 }, request(undefined, 5))).toBe(false);
  expect(isFarBehind({ coveredFrom: 9_000 }, request('k'))).toBe(false);
});

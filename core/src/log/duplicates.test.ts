import { expect, it } from '@jest/globals';
import { createDuplicates, windowEntries } from './duplicates.ts';

const entryAt = (seq: number, message_uuid = `m${seq}`, user_uuid = 'ada', idempotency_key?: string) => ({
  ...{ seq, message_uuid, user_uuid, idempotency_key },
});

it('finds a duplicate message_uuid, and a key that one person used twice', () => {
  const duplicates = createDuplicates();
  expect(duplicates.add(entryAt(1, 'm', 'ada', 'k'))).toEqual([]);
  expect(duplicates.add(entryAt(2, 'n', 'ben', 'k'))).toEqual([]);
  expect(duplicates.add(entryAt(3, 'm', 'ada', 'k'))).toEqual([
    'message_uuid m is also that of entry 1',
    'key of ada k is also that of entry 1',
  ]);
});

it('remembers the last 200 entries', () => {
  const duplicates = createDuplicates();
  for (let seq = 1; seq <= windowEntries; seq += 1) expect(duplicates.add(entryAt(seq))).toEqual([]);
  expect(duplicates.add(entryAt(201, 'm1'))).toEqual(['message_uuid m1 is also that of entry 1']);
  expect(duplicates.add(entryAt(202, 'm2'))).toEqual(['message_uuid m2 is also that of entry 2']);
  expect(windowEntries).toBe(200);
  const others = createDuplicates();
  for (let seq = 1; seq <= windowEntries + 1; seq += 1) others.add(entryAt(seq));
  expect(others.add(entryAt(202, 'm1'))).toEqual([]);
});

it('remembers a duplicate by its newest entry', () => {
  const duplicates = createDuplicates();
  duplicates.add(entryAt(1, 'm'));
  duplicates.add(entryAt(2, 'm'));
  for (let seq = 3; seq <= windowEntries + 1; seq += 1) duplicates.add(entryAt(seq));
  expect(duplicates.add(entryAt(202, 'm'))).toEqual(['message_uuid m is also that of entry 2']);
});

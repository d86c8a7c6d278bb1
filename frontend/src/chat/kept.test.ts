import { expect, test } from '@jest/globals';
import { memoryStorage } from '../testing/memory-storage.ts';
import { createDrafts } from './drafts.ts';
import { forget, outboxOf } from './kept.ts';

test('what a person wrote is forgotten, and of nobody else', () => {
  const storage = memoryStorage();
  for (const uuid of ['ana', 'ben']) {
    createDrafts(storage, uuid).keep('tea', 'begun');
    createDrafts(storage, uuid).keep('@cleo', 'begun');
    storage.setItem(`${outboxOf(uuid)}key`, '{}');
  }
  storage.setItem('parley.session', '{}');
  forget(storage, 'ana');
  const left = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  expect(left.sort()).toEqual([
    'parley.draft.ben.@cleo',
    'parley.draft.ben.tea',
    'parley.outbox.ben.key',
    'parley.session',
  ]);
});

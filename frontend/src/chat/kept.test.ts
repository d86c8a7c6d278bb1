import { expect, test } from '@jest/globals';
import { createKeptStorage } from '../storage.ts';
import { memoryStorage } from '../testing/memory-storage.ts';
import { createDrafts } from './drafts.ts';
import { forget, outboxOf } from './kept.ts';

test('what a person wrote is forgotten, and of nobody else', () => {
  const browser = memoryStorage();
  const storage = createKeptStorage(() => browser);
  for (const uuid of ['ana', 'ben']) {
    createDrafts(storage, uuid).keep('tea', 'begun');
    createDrafts(storage, uuid).keep('@cleo', 'begun');
    storage.set(`${outboxOf(uuid)}key`, '{}');
  }
  storage.set('parley.session', '{}');
  forget(storage, 'ana');
  const left = Array.from({ length: browser.length }, (_, index) => browser.key(index));
  expect(left.sort()).toEqual([
    'parley.draft.ben.@cleo',
    'parley.draft.ben.tea',
    'parley.outbox.ben.key',
    'parley.session',
  ]);
});

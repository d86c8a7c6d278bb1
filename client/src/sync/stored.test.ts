import { expect, test } from '@jest/globals';
import { createMemoryStorage } from '../storage.ts';
import { createDrafts } from './drafts.ts';
import { forget, outboxOf } from './stored.ts';

test("only this person's unsent texts are removed", () => {
  const storage = createMemoryStorage();
  for (const uuid of ['ana', 'ben']) {
    createDrafts(storage, uuid).save('tea', 'begun');
    createDrafts(storage, uuid).save('@cleo', 'begun');
    storage.set(`${outboxOf(uuid)}key`, '{}');
  }
  storage.set('parley.session', '{}');
  forget(storage, 'ana');
  expect(storage.keys('').sort()).toEqual([
    'parley.draft.ben.@cleo',
    'parley.draft.ben.tea',
    'parley.outbox.ben.key',
    'parley.session',
  ]);
});

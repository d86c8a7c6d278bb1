import { expect, it } from '@jest/globals';
import type { Entry } from './entries.ts';
import { bytesOf, createRememberedPages, extended, fillPage, maxNewest } from './remembered-pages.ts';

const entryAt = (seq: number) => ({ message_group_uuid: 'group', seq, message: 'text' }) as Entry;
const entries = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => entryAt(from + index));
const seqsOf = (page: Entry[] | undefined) => page?.map(({ seq }) => seq);

it('extends the newest entries by the next one, and drops the oldest beyond 100', () => {
  expect(seqsOf(extended(entries(1, 3), entryAt(4)))).toEqual([1, 2, 3, 4]);
  expect(extended(entries(1, 3), entryAt(5))).toBeUndefined();
  expect(extended(entries(1, 3), entryAt(3))).toBeUndefined();
  expect(seqsOf(extended(entries(1, maxNewest), entryAt(101)))).toEqual(seqsOf(entries(2, 101)));
});

it('fills a page with as many entries as it asks for, or with the whole log', () => {
  expect(fillPage(entries(5, 9), 5)).toBe(true);
  expect(fillPage(entries(5, 9), 6)).toBe(false);
  expect(fillPage(entries(1, 2), 50)).toBe(true);
});

it('counts two bytes for each character', () => {
  expect(bytesOf([])).toBe(100);
  expect(bytesOf([{ ...entryAt(1), message: 'x'.repeat(1_000) }])).toBe(2_800);
});

it('observes entries, and does not replace them with a page that was read before', () => {
  const pages = createRememberedPages({ maxBytes: 2 ** 20, maxAgeMs: 60_000 });
  pages.observe(entryAt(1));
  expect(pages.newest('group')).toBeUndefined();
  pages.setNewest('group', entries(1, 3));
  pages.observe(entryAt(4));
  pages.setNewest('group', entries(1, 3));
  expect(seqsOf(pages.newest('group'))).toEqual([1, 2, 3, 4]);
  pages.setNewest('group', []);
  expect(seqsOf(pages.newest('group'))).toEqual([1, 2, 3, 4]);
  pages.setNewest('group', entries(3, 6));
  expect(seqsOf(pages.newest('group'))).toEqual([3, 4, 5, 6]);
  pages.forgetNewest('group');
  expect(pages.newest('group')).toBeUndefined();
});

import { expect, it } from '@jest/globals';
import { createOnlineElsewhere } from './online-elsewhere.ts';

it('removes the people of dead nodes once, and keeps those of live nodes', () => {
  const elsewhere = createOnlineElsewhere();
  elsewhere.add('one', 'ada');
  elsewhere.add('one', 'ben');
  elsewhere.add('other', 'cleo');
  elsewhere.remove('one', 'ben');
  expect(elsewhere.removeDead(new Set(['other']))).toEqual([{ nodeId: 'one', people: ['ada'] }]);
  expect(elsewhere.removeDead(new Set(['other']))).toEqual([]);
  expect(elsewhere.removeDead(new Set())).toEqual([{ nodeId: 'other', people: ['cleo'] }]);
});

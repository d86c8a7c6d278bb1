import { expect, test } from '@jest/globals';
import { createPeople } from './people.ts';

const ben = { uuid: 'ben', handle: 'ben', display_name: 'Ben', tone: 4 };

test('a tone that the server could not tell is the one from before', () => {
  const people = createPeople();
  people.remember([ben]);
  people.remember([{ ...ben, display_name: 'Benjamin', tone: null }]);
  expect(people.get('ben')).toEqual({ ...ben, display_name: 'Benjamin' });
});

test('an erased person has no tone any more', () => {
  const people = createPeople();
  people.remember([ben]);
  const tombstone = { ...ben, handle: 'deleted-ben', display_name: 'Deleted user', tone: null };
  people.remember([tombstone]);
  expect(people.get('ben')).toEqual(tombstone);
});

import { entryTypes, flagsOf, unknownKind } from './entry-kinds.ts';

const typesWhere = (isTrue: (flags: ReturnType<typeof flagsOf>) => boolean) =>
  entryTypes.filter((type) => isTrue(flagsOf({ type })));

it('lists the types in the order of the API', () => {
  expect(entryTypes).toEqual([
    'message',
    'group_created',
    'members_added',
    'member_removed',
    'role_changed',
    'title_changed',
  ]);
});

it('counts only messages, and marks every other kind as a change of the group', () => {
  expect(typesWhere(({ countsAsMessage }) => countsAsMessage)).toEqual(['message']);
  expect(typesWhere(({ changesGroup }) => !changesGroup)).toEqual(['message']);
  expect(typesWhere(({ isRow }) => !isRow)).toEqual([]);
});

it('says what happened to the people in an entry', () => {
  expect(typesWhere(({ createsGroup }) => createsGroup)).toEqual(['group_created']);
  expect(typesWhere(({ membership }) => membership === 'added')).toEqual(['group_created', 'members_added']);
  expect(typesWhere(({ membership }) => membership === 'removed')).toEqual(['member_removed']);
  expect(typesWhere(({ membership }) => membership === 'role_changed')).toEqual(['role_changed']);
});

it('treats an unknown type, or the name of an object’s built-in property, as a notice', () => {
  for (const type of ['not yet known', 'constructor', '']) expect(flagsOf({ type })).toBe(unknownKind);
  expect(unknownKind).toMatchObject({ countsAsMessage: false, isRow: true, membership: undefined });
});

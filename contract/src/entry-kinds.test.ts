import { entryTypes, flagsOf, unknownKind } from './entry-kinds.ts';

const typesWhere = (isTrue: (flags: ReturnType<typeof flagsOf>) => boolean) =>
  entryTypes.filter((type) => isTrue(flagsOf({ type })));

it('knows the types in the order in which the API names them', () => {
  expect(entryTypes).toEqual([
    'message',
    'group_created',
    'members_added',
    'member_removed',
    'role_changed',
    'title_changed',
  ]);
});

it('counts messages alone, and reads a group again after every other kind', () => {
  expect(typesWhere(({ countsAsMessage }) => countsAsMessage)).toEqual(['message']);
  expect(typesWhere(({ changesGroup }) => !changesGroup)).toEqual(['message']);
  expect(typesWhere(({ isRow }) => !isRow)).toEqual([]);
});

it('says what happened to the people whom an entry names', () => {
  expect(typesWhere(({ createsGroup }) => createsGroup)).toEqual(['group_created']);
  expect(typesWhere(({ membership }) => membership === 'added')).toEqual(['group_created', 'members_added']);
  expect(typesWhere(({ membership }) => membership === 'removed')).toEqual(['member_removed']);
  expect(typesWhere(({ membership }) => membership === 'role_changed')).toEqual(['role_changed']);
});

it('takes an unknown type, or the name of a property of every object, as a notice', () => {
  for (const type of ['not yet known', 'constructor', '']) expect(flagsOf({ type })).toBe(unknownKind);
  expect(unknownKind).toMatchObject({ countsAsMessage: false, isRow: true, membership: undefined });
});

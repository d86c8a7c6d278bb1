import { entryKinds, entryTypes, unknownKind } from '@parley/contract/entry-kinds';
import { addedBy, type Change, type Entry, type FoldedGroup, kindOf, removedBy } from './index.ts';

const entryOf = (change: Change, seq = 2) =>
  ({ ...change, seq, message_count: 1, user_uuid: 'ada', message: 'x'.repeat(300) }) as Entry;

const changes: Change[] = [
  { type: 'message' },
  { type: 'group_created', title: 'Pies', members: ['ada', 'ben', 'gus'] },
  { type: 'members_added', members: ['eve', 'flo'] },
  { type: 'member_removed', members: ['ben'] },
  { type: 'role_changed', members: ['eve'], role: 'admin' },
  { type: 'title_changed', title: 'Tarts' },
];

const group = (): FoldedGroup => ({ isGroup: false, title: undefined, members: new Map(), left: new Set() });

const ofNewerVersion = entryOf({ type: 'not yet known', members: ['ben'] } as unknown as Change);

it('has a file for every kind of the contract, with its flags', () => {
  expect(changes.map(({ type }) => type)).toEqual(entryTypes);
  for (const type of entryTypes) expect(kindOf({ type })).toMatchObject(entryKinds[type]);
});

it('folds a log into its members, its title and the people who left', () => {
  const folded = group();
  const [, created, added, removed, role, title] = changes.map((change, index) => entryOf(change, index));
  const faults = [created, added, removed, role, title].flatMap((entry) =>
    entry ? kindOf(entry).fold(folded, entry) : ['none'],
  );
  expect(faults).toEqual([]);
  expect(folded).toMatchObject({ isGroup: true, title: 'Tarts' });
  expect([...folded.members].map(([uuid, member]) => [uuid, member.role, member.joined])).toEqual([
    ['ada', 'admin', { seq: 1, count: 1 }],
    ['gus', 'member', { seq: 1, count: 1 }],
    ['eve', 'admin', { seq: 2, count: 1 }],
    ['flo', 'member', { seq: 2, count: 1 }],
  ]);
  expect([...folded.left]).toEqual(['ben']);
});

it('reports the faults of an entry that does not fit its group', () => {
  const folded = { ...group(), isGroup: true, members: new Map([['eve', memberAt(1)]]) };
  const faults = (change: Change, seq?: number) => {
    const entry = entryOf(change, seq);
    return kindOf(entry).fold(folded, entry);
  };
  expect(faults({ type: 'message' })).toEqual(['was written by ada, who was not a member']);
  expect(faults({ type: 'members_added', members: ['eve'] })).toEqual(['adds eve, who is a member already']);
  expect(faults({ type: 'member_removed', members: ['ben'] })).toEqual(['removes ben, who is not a member']);
  expect(faults({ type: 'role_changed', members: ['ben'], role: 'admin' })).toEqual([
    'makes ben admin, who is not a member',
  ]);
  expect(faults({ type: 'title_changed', title: 'Tarts' }, 1)).toEqual([
    'title_changed cannot be the first entry',
  ]);
  expect(faults({ type: 'group_created', title: 'Pies', members: [] }, 2)).toEqual([
    'group_created must be the first entry',
  ]);
});

it('removes the name of an erased person from a text', () => {
  expect(changes.map((change) => kindOf(change).redact(entryOf(change)))).toEqual([
    '',
    'The group “Pies” was created',
    '2 members were added',
    'A member was removed',
    'A member is now an admin',
    'The group was renamed to “Tarts”',
  ]);
});

it('names the people that an entry adds and removes', () => {
  expect(changes.map((change) => addedBy(entryOf(change)))).toEqual([
    ...[[], ['ada', 'ben', 'gus'], ['eve', 'flo'], [], [], []],
  ]);
  expect(changes.map((change) => removedBy(entryOf(change)))).toEqual([[], [], [], ['ben'], [], []]);
});

it('accepts a kind of a newer version, and shows its text as a notice', () => {
  const kind = kindOf(ofNewerVersion);
  const folded = group();
  expect(kind).toMatchObject(unknownKind);
  expect(kind.fold(folded, ofNewerVersion)).toEqual([]);
  expect(folded).toEqual(group());
  expect(kind.redact(ofNewerVersion)).toBe('');
  expect(kind.preview(ofNewerVersion)).toBe('x'.repeat(200));
  expect(addedBy(ofNewerVersion)).toEqual([]);
  expect(removedBy(ofNewerVersion)).toEqual([]);
});

function memberAt(seq: number) {
  return { role: 'member' as const, joined: { seq, count: 0 } };
}

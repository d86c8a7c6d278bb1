import type { EntryType } from '@parley/contract/entry-kinds';
import { type GroupCreated, groupCreated } from './group-created.ts';
import type { EntryFields, Kind } from './kind.ts';
import { type MemberRemoved, memberRemoved } from './member-removed.ts';
import { type MembersAdded, membersAdded } from './members-added.ts';
import { type Message, message } from './message.ts';
import { type RoleChanged, roleChanged } from './role-changed.ts';
import { type TitleChanged, titleChanged } from './title-changed.ts';
import { unknown } from './unknown.ts';

export type { EntryType } from '@parley/contract/entry-kinds';
export { beginning, type FoldedGroup } from './kind.ts';

/** The change that an entry records: its type, and the attributes that only its kind has. */
export type Change = Message | GroupCreated | MembersAdded | MemberRemoved | RoleChanged | TitleChanged;

/** One entry of a conversation's log. */
export type Entry = Change & EntryFields;

type ChangeOf<Type extends EntryType> = Extract<Change, { type: Type }>;

const kinds = {
  message,
  group_created: groupCreated,
  members_added: membersAdded,
  member_removed: memberRemoved,
  role_changed: roleChanged,
  title_changed: titleChanged,
} satisfies { [Type in EntryType]: ChangeOf<Type> extends never ? never : Kind<ChangeOf<Type>> };

const byType = new Map<string, Kind<Change>>(Object.entries(kinds));

/** The kind of an entry. The flags alone are in `@parley/contract/entry-kinds`, which every package may import. */
export const kindOf = ({ type }: { type: string }): Kind<Change> => byType.get(type) ?? unknown;

const nobody: string[] = [];

/** The people whom an entry adds to its group. */
export const addedBy = (entry: Entry): string[] => peopleWith(entry, 'added');

/** The people whom an entry removes from its group. */
export const removedBy = (entry: Entry): string[] => peopleWith(entry, 'removed');

const peopleWith = (entry: Entry, membership: 'added' | 'removed') =>
  'members' in entry && kindOf(entry).membership === membership ? entry.members : nobody;

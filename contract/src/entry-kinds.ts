/*
 * The kinds of log entries, as flags that every package may read. The server's code for each kind is in
 * core/src/log/kinds. Other code reads a flag, and never compares an entry's type with a literal.
 */

export type EntryFlags = {
  /** Adds one to `message_count`, so it can be unread. It is shown as its author's message; other entries are notices. */
  countsAsMessage: boolean;
  /** It is shown as a line of the conversation. */
  isRow: boolean;
  /** Creates the group. It is the first entry of every group, and of no direct conversation. */
  createsGroup: boolean;
  /** Changes members, roles or title, so cached data of the group must be read again. */
  changesGroup: boolean;
  /** What happened to the people in `members`. It becomes `change` in the socket event `membership`. */
  membership: 'added' | 'removed' | 'role_changed' | undefined;
};

const row = { countsAsMessage: false, isRow: true, createsGroup: false };
const groupChange = { ...row, changesGroup: true };

export const entryKinds = {
  message: { ...row, countsAsMessage: true, changesGroup: false, membership: undefined },
  group_created: { ...groupChange, createsGroup: true, membership: 'added' },
  members_added: { ...groupChange, membership: 'added' },
  member_removed: { ...groupChange, membership: 'removed' },
  role_changed: { ...groupChange, membership: 'role_changed' },
  title_changed: { ...groupChange, membership: undefined },
} as const satisfies Record<string, EntryFlags>;

/** The text of a `role_changed` entry by which a group whose last admin left gets another. It names nobody. */
export const adminSucceeded = 'The member of longest standing is now an admin';

export type EntryType = keyof typeof entryKinds;

export const entryTypes = Object.keys(entryKinds) as [EntryType, ...EntryType[]];

/** The flags of a kind from a newer version: its text is shown as a notice, and the group is read again. */
export const unknownKind: EntryFlags = { ...groupChange, membership: undefined };

const byType = new Map<string, EntryFlags>(Object.entries(entryKinds));

export const flagsOf = ({ type }: { type: string }): EntryFlags => byType.get(type) ?? unknownKind;

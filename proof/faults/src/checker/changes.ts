import type { EntryType } from '@parley/contract/entry-kinds';
import type { CallOf, Role, StoredEntry } from '../history.ts';
import { type Asked, type Digest, isGroup, ofKind, resultOf, type Violation, type Wrong } from './digest.ts';

/** The members and the title of a group after an entry of its log. */
export type State = { members: Map<string, Role>; title: string | null };

const nothing: State = { members: new Map(), title: null };

type MemberChange = (members: Map<string, Role>, person: string, entry: StoredEntry) => void;

const noChange: MemberChange = () => {};

/** Deliberately does not use core/src/log/kinds: the checker must not depend on the code that it checks. */
const changes: Record<EntryType, MemberChange> = {
  message: noChange,
  group_created: (members, person, { user_uuid }) =>
    members.set(person, person === user_uuid ? 'admin' : 'member'),
  members_added: (members, person) => members.set(person, 'member'),
  member_removed: (members, person) => members.delete(person),
  role_changed: (members, person, { role = 'member' }) => members.set(person, role),
  title_changed: noChange,
};

export function fold({ members, title }: State, entry: StoredEntry): State {
  const people = entry.members ?? [];
  const next = new Map(members);
  const change = changes[entry.type as EntryType] ?? noChange;
  for (const person of people) change(next, person, entry);
  return { members: next, title: entry.title ?? title };
}

export const foldAll = (log: StoredEntry[]): State => log.reduce(fold, nothing);

/** Invariant 2 for changes of a group: every acknowledged change is in its log. */
export function checkChanges(digest: Digest): Violation[] {
  const { asked } = digest;
  return [
    ...ofKind(asked, 'create').flatMap((create) => checkCreate(create, digest)),
    ...checkHeld(digest, ofKind(asked, 'add'), 'not a member', ({ members }, { member }) =>
      members.has(member),
    ),
    ...checkHeld(
      digest,
      ofKind(asked, 'remove'),
      'not a member',
      ({ members }, { member }) => !members.has(member),
    ),
    ...checkHeld(
      digest,
      ofKind(asked, 'role'),
      'role or title wrong',
      ({ members }, { member, role }) => members.get(member) === role,
    ),
    ...checkHeld(
      digest,
      ofKind(asked, 'rename'),
      'role or title wrong',
      (state, { title }) => state.title === title,
    ),
  ];
}

function checkCreate(create: Asked<CallOf<'create'>>, { logs }: Digest): Violation[] {
  const { person, call } = create;
  const group = resultOf(create)?.details?.group;
  if (group === undefined) return [];
  const first = logs.get(group)?.[0];
  const isThere =
    first &&
    isGroup([first]) &&
    first.user_uuid === person &&
    first.title === call.title &&
    [person, ...call.members].every((each) => first.members?.includes(each));
  return isThere
    ? []
    : [wrong('lost', `${person}'s create of “${call.title}” (${group}) is not its first entry`)];
}

/**
 * An acknowledged change is in effect after an entry that was written between its request and its answer: changes are
 * linearizable, even if they are concurrent.
 */
function checkHeld<Change extends CallOf<'add' | 'remove' | 'role' | 'rename'>>(
  digest: Digest,
  changes: Asked<Change>[],
  kind: Wrong,
  isTrue: (state: State, call: Change) => boolean,
): Violation[] {
  return changes.flatMap((change) => {
    if (!resultOf(change)) return [];
    const { person, call, startMs, endMs } = change;
    const log = digest.logs.get(call.group) ?? [];
    const [from, to] = placesOf(digest, call.group, startMs, endMs);
    let state = foldAll(log.slice(0, from));
    let isHeld = isTrue(state, call);
    for (const entry of log.slice(from, to)) {
      state = fold(state, entry);
      isHeld ||= isTrue(state, call);
    }
    if (isHeld) return [];
    const detail = `${person}'s ${JSON.stringify(call)} was acknowledged, but is not in effect after any entry from ${from} to ${to}`;
    return [wrong(kind, detail)];
  });
}

/** The newest entry that was surely written before a call began, and the newest that may have existed at its end. */
function placesOf({ sights, asked, logs }: Digest, group: string, startMs: number, endMs: number) {
  let from = 0;
  let to = logs.get(group)?.length ?? 0;
  for (const { atMs, entry } of sights)
    if (entry.message_group_uuid === group && atMs < startMs) from = Math.max(from, entry.seq);
  for (const send of asked) {
    const entry = resultOf(send)?.entry;
    if (entry?.message_group_uuid === group && send.startMs > endMs) to = Math.min(to, entry.seq - 1);
  }
  return [Math.min(from, to), to] as const;
}

const wrong = (kind: Wrong, detail: string): Violation => ({ invariant: 2, kind, detail });

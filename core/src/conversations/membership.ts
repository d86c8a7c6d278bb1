import { adminSucceeded } from '@parley/contract/entry-kinds';
import { AppError } from '../errors.ts';
import type { Person } from '../log/entries.ts';
import type { Draft, Log } from '../log/log.ts';
import type { Member, Role } from '../log/members.ts';
import { type ChangeInput, changeGroup, type Roster, requireAdmin } from './change-group.ts';
import { maxGroupMembers } from './limits.ts';
import * as notices from './notices.ts';
import { firstOf, joinGroup, leaveGroup, newMember, putRole } from './transaction-items.ts';

/** Renames a group. Admins only. The same title again writes nothing. */
export function rename(log: Log, { title, ...input }: ChangeInput & { title: string }): Promise<Roster> {
  const { actor } = input;
  return changeGroup(log, input, ({ group, members: present }) => {
    requireAdmin(present, actor);
    if (group.title === title) return undefined;
    const message = notices.groupRenamed(actor, title);
    return {
      group: { ...group, title },
      members: present,
      drafts: [{ type: 'title_changed', message, author: actor, title }],
      items: () => [],
    };
  });
}

/** Adds up to 48 people. Admins only. Skips present members; if all are present, it writes nothing. */
export function addMembers(
  log: Log,
  { people, ...input }: ChangeInput & { people: Person[] },
): Promise<Roster> {
  const { actor } = input;
  return changeGroup(log, input, ({ group, members: present, now }) => {
    requireAdmin(present, actor);
    const known = new Set(present.map(({ user_uuid }) => user_uuid));
    const added = people.filter(({ uuid }) => !known.has(uuid));
    if (added.length === 0) return undefined;
    if (present.length + added.length > maxGroupMembers) throw new AppError('message_group_full');
    const newMembers = added.map((person) => newMember(person, 'member', now));
    const message = notices.membersAdded(actor, added);
    return {
      group,
      members: [...present, ...newMembers],
      drafts: [{ type: 'members_added', message, author: actor, members: added.map(({ uuid }) => uuid) }],
      items: (written) =>
        newMembers.flatMap((member) => joinGroup(log.table, group, member, firstOf(written))),
    };
  });
}

/**
 * Removes a member (admins), or lets the actor leave. If the person is not a member, it writes nothing. If the last
 * admin leaves, the oldest member becomes admin by a separate entry in the same transaction.
 */
export function removeMember(
  log: Log,
  { person, ...input }: ChangeInput & { person: Person },
): Promise<Roster> {
  const { actor, messageGroupUuid } = input;
  return changeGroup(log, input, ({ group, members: present }) => {
    if (person.uuid !== actor.uuid) requireAdmin(present, actor);
    const leaver = present.find(({ user_uuid }) => user_uuid === person.uuid);
    if (!leaver) return undefined;
    const others = present.filter((member) => member !== leaver);
    const successor = others.some(({ role }) => role === 'admin') ? undefined : longestStanding(others);
    const message = notices.memberRemoved(actor, person);
    const drafts: Draft[] = [{ type: 'member_removed', message, author: actor, members: [person.uuid] }];
    if (successor)
      drafts.push({
        type: 'role_changed',
        message: adminSucceeded,
        author: actor,
        members: [successor.user_uuid],
        role: 'admin',
      });
    return {
      group,
      members: others.map((member) =>
        member === successor ? { ...member, role: 'admin' as const } : member,
      ),
      drafts,
      items: () => [
        ...leaveGroup(log.table, messageGroupUuid, person.uuid),
        ...(successor ? [putRole(log.table, messageGroupUuid, successor.user_uuid, 'admin')] : []),
      ],
    };
  });
}

/** Changes a member's role. Admins only. Throws `last_admin` if the group would have no admin. */
export function setRole(log: Log, { person, role, ...input }: ChangeInput & { person: Person; role: Role }) {
  const { actor, messageGroupUuid } = input;
  return changeGroup(log, input, ({ group, members: present }) => {
    requireAdmin(present, actor);
    const target = present.find(({ user_uuid }) => user_uuid === person.uuid);
    if (!target) throw new AppError('member_not_found');
    if (target.role === role) return undefined;
    const changed = present.map((member) => (member === target ? { ...member, role } : member));
    if (!changed.some((member) => member.role === 'admin')) throw new AppError('last_admin');
    const message = notices.roleChanged(actor, person, role);
    return {
      group,
      members: changed,
      drafts: [{ type: 'role_changed', message, author: actor, members: [person.uuid], role }],
      items: () => [putRole(log.table, messageGroupUuid, person.uuid, role)],
    };
  });
}

function longestStanding(present: Member[]): Member | undefined {
  const standing = ({ joined_at, user_uuid }: Member) => `${joined_at} ${user_uuid}`;
  return present.toSorted((one, other) => (standing(one) < standing(other) ? -1 : 1))[0];
}

import { AppError } from '../errors.ts';
import type { Entry, Person } from '../log/entries.ts';
import type { Draft, Log, TransactItem } from '../log/log.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import { putGroup } from './transaction-items.ts';

export type Roster = { group: Group; members: Member[] };

export type ChangeInput = { messageGroupUuid: string; actor: Person };

/** The group and members after a change, the entries that record it, and the other items to write. */
export type Decision = Roster & { drafts: Draft[]; items: (written: Entry[]) => TransactItem[] };

/**
 * Changes a group in one transaction: the next entries, the members and summaries they concern, and the group on
 * condition of its version. `decide` is pure and may run again; undefined means that there is nothing to change.
 */
export async function changeGroup(
  log: Log,
  { messageGroupUuid, actor }: ChangeInput,
  decide: (current: Roster & { now: string }) => Decision | undefined,
): Promise<Roster> {
  // Checked here, so that a stranger's request does not enter the queue of the members.
  if (!(await members.get(log.table, messageGroupUuid, actor.uuid)))
    throw new AppError('message_group_not_found');
  return log.transact<Roster>(messageGroupUuid, async ({ now }) => {
    const current = asSeenBy(actor, await members.roster(log.table, messageGroupUuid));
    if (current.group.kind === 'direct') throw new AppError('direct_conversation');
    const decision = decide({ ...current, now });
    if (!decision) return { answer: current };
    const { version } = current.group;
    const group = { ...decision.group, member_count: decision.members.length, version: version + 1 };
    return {
      memberCount: group.member_count,
      drafts: decision.drafts,
      items: (written) => [...decision.items(written), putGroup(log.table, group, version)],
      result: () => ({ group, members: decision.members }),
    };
  });
}

/** Throws `message_group_not_found` for a stranger, who must not learn that the conversation exists. */
export function asSeenBy(
  person: Person,
  { group, members: present }: { group?: Group | undefined; members: Member[] },
): Roster {
  const isMember = present.some(({ user_uuid }) => user_uuid === person.uuid);
  if (!group || !isMember) throw new AppError('message_group_not_found');
  return { group, members: present };
}

export function requireAdmin(present: Member[], actor: Person) {
  const member = present.find(({ user_uuid }) => user_uuid === actor.uuid);
  if (member?.role !== 'admin') throw new AppError('generic_403');
}

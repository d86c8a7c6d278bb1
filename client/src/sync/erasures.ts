import type { Entry, Group, Member } from '../api/types.ts';
import type { Erasure } from '../live/events.ts';
import type { Conversations } from './conversations.ts';
import { erasedName, withoutAuthor, withoutText } from './history.ts';

/** Removes the texts and names of erased people from what is loaded and from what a late answer brings. */
export function createErasures({ conversations }: { conversations: Conversations }) {
  const erased = new Map<string, Set<string>>();
  const changed = new Set<string>();
  const isErased = (uuid: string, userUuid: string) => erased.get(uuid)?.has(userUuid);
  const cleanMember = (uuid: string) => (member: Member) =>
    isErased(uuid, member.uuid) ? { ...member, ...erasedName(member.uuid) } : member;

  return {
    apply({ message_group_uuid: uuid, user_uuid }: Erasure) {
      changed.add(uuid);
      erased.set(uuid, (erased.get(uuid) ?? new Set()).add(user_uuid));
      conversations.updateHistory(uuid, (history) => withoutAuthor(history, user_uuid));
      conversations.updateMembers(uuid, cleanMember(uuid));
    },
    /** The conversations whose notices may still name an erased person. Each is returned once. */
    takeChanged() {
      const uuids = [...changed];
      changed.clear();
      return uuids;
    },
    /** The entry as it may be shown. The server may have answered before the erasure. */
    clean: (entry: Entry) =>
      isErased(entry.message_group_uuid, entry.user_uuid) ? withoutText(entry) : entry,
    cleanGroup: (group: Group): Group => ({ ...group, members: group.members.map(cleanMember(group.uuid)) }),
  };
}

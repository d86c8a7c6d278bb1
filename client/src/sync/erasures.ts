import type { Entry, Group, Member } from '../api/types.ts';
import type { Erasure } from '../live/events.ts';
import type { Conversations } from './conversations.ts';
import { erasedName, withoutAuthor, withoutText } from './history.ts';

/** Removes the texts and names of erased people from loaded entries and from late answers. */
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
    /** Returns the conversations whose notices may still name an erased person, each only once. */
    takeChanged() {
      const uuids = [...changed];
      changed.clear();
      return uuids;
    },
    /** Removes the text of an erased author, because the server may have answered before the erasure. */
    clean: (entry: Entry) =>
      isErased(entry.message_group_uuid, entry.user_uuid) ? withoutText(entry) : entry,
    cleanGroup: (group: Group): Group => ({ ...group, members: group.members.map(cleanMember(group.uuid)) }),
  };
}

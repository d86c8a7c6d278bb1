import type { Erasure } from '../live/events.ts';
import type { Conversations } from './conversations.ts';
import { erasedName, withoutAuthor } from './history.ts';

/** Removes the texts and names of erased people from everything that is loaded. */
export function createErasures({ conversations }: { conversations: Conversations }) {
  return {
    apply({ message_group_uuid: uuid, user_uuid }: Erasure) {
      conversations.updateHistory(uuid, (history) => withoutAuthor(history, user_uuid));
      conversations.updateMembers(uuid, (member) =>
        member.uuid === user_uuid ? { ...member, ...erasedName(user_uuid) } : member,
      );
    },
  };
}

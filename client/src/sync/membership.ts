import type { MembershipChange } from '../live/events.ts';
import type { Conversations } from './conversations.ts';
import type { InboxSync } from './inbox-sync.ts';

type Options = {
  meUuid: string;
  conversations: Conversations;
  inbox: InboxSync;
  open(uuid: string): void;
  refreshGroup(uuid: string): void;
};

/** Applies changes of members. Being removed closes a conversation, and being added opens it again. */
export function createMembership({ meUuid, conversations, inbox, open, refreshGroup }: Options) {
  return {
    apply({ message_group_uuid: uuid, user_uuid, change }: MembershipChange) {
      const isOwn = user_uuid === meUuid;
      if (isOwn && change === 'added' && conversations.get(uuid)?.status === 'missing') return open(uuid);
      if (!isOwn || change !== 'removed') return refreshGroup(uuid);
      inbox.drop(uuid);
      const reason = 'You are no longer a member of this group.';
      conversations.update(uuid, { status: 'missing', reason });
    },
    /** Removes a conversation that the person left. */
    leave(uuid: string) {
      inbox.drop(uuid);
      conversations.remove(uuid);
    },
  };
}

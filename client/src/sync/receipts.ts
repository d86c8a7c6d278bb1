import type { Api } from '../api/requests.ts';
import type { ReadReceipt } from '../live/events.ts';
import type { Conversations } from './conversations.ts';
import type { InboxSync } from './inbox-sync.ts';

/** Larger groups send no receipts. */
const maxReceiptMembers = 50;

type Options = {
  api: Pick<Api, 'markRead'>;
  meUuid: string;
  conversations: Conversations;
  inbox: InboxSync;
  /** Called when another device has read part of a conversation, because the unread count is unknown then. */
  onUnknownCount(): void;
  /** Called when a member's position changed. */
  onMoved(uuid: string): void;
};

/** Read positions: sends the own one to the server, and applies the receipts of others. */
export function createReceipts({ api, meUuid, conversations, inbox, onUnknownCount, onMoved }: Options) {
  /** Sent positions, which may not be in the inbox yet. */
  const sent = new Map<string, number>();

  /** A new member has no read position, so opening the conversation sends one even if nothing is unread. */
  function isUnopened(uuid: string) {
    const members = conversations.get(uuid)?.group?.members ?? [];
    const own = members.find((member) => member.uuid === meUuid);
    return own?.read_seq === null && members.length <= maxReceiptMembers;
  }

  function moveMember(uuid: string, userUuid: string, read_seq: number) {
    onMoved(uuid);
    const members = conversations.get(uuid)?.group?.members ?? [];
    if (members.length > maxReceiptMembers) return;
    conversations.updateMembers(uuid, (member) =>
      member.uuid === userUuid && (member.read_seq ?? 0) < read_seq ? { ...member, read_seq } : member,
    );
  }

  return {
    moveMember,
    /** Call when the person has seen everything up to `seq`. */
    markSeen(uuid: string, seq: number) {
      const position = Math.max(inbox.row(uuid)?.read_seq ?? 0, sent.get(uuid) ?? 0);
      const isNew = seq > position || (seq === position && isUnopened(uuid) && !sent.has(uuid));
      if (!isNew) return;
      sent.set(uuid, seq);
      api
        .markRead(uuid, seq)
        .then((read) => inbox.applyRead(uuid, read))
        .catch(() => {
          if (sent.get(uuid) === seq) sent.delete(uuid);
        });
    },
    apply({ message_group_uuid: uuid, user_uuid, read_seq }: ReadReceipt) {
      const row = inbox.row(uuid);
      if (user_uuid === meUuid && row && read_seq > row.read_seq) {
        if (read_seq >= row.last_seq) inbox.applyRead(uuid, { read_seq, unread_count: 0 });
        else onUnknownCount();
      }
      moveMember(uuid, user_uuid, read_seq);
    },
  };
}

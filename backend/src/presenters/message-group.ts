import type { MessageGroup, NewMessageGroup } from '@parley/contract/message-group';
import type { Details } from '@parley/core/conversations/message-groups';
import { readPosition, unreadCount } from '@parley/core/inbox/summaries';
import type { Name } from '@parley/core/people/names';
import { presentSettings } from './inbox-row.ts';

/** The conversation does not store its members' names, so `names` must hold them. */
export function presentMessageGroup(
  { group, summary, members }: Details,
  names: Map<string, Name>,
): MessageGroup {
  return {
    uuid: group.message_group_uuid,
    kind: group.kind,
    title: group.title ?? null,
    members: members.map(({ user_uuid, role, read_seq }) => ({
      uuid: user_uuid,
      handle: names.get(user_uuid)?.handle ?? '',
      display_name: names.get(user_uuid)?.display_name ?? '',
      tone: names.get(user_uuid)?.tone ?? null,
      role,
      read_seq,
    })),
    last_seq: summary.last_seq,
    unread_count: unreadCount(summary),
    read_seq: readPosition(summary).seq,
    ...presentSettings(summary),
  };
}

export const presentNewMessageGroup = ({ uuid, kind, title, members }: MessageGroup): NewMessageGroup => ({
  uuid,
  message_group_uuid: uuid,
  kind,
  title,
  members,
});

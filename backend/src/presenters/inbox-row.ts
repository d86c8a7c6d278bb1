import type { InboxRow, Settings } from '@parley/contract/inbox-row';
import { isHidden, readPosition, type Summary, unreadCount } from '@parley/core/inbox/summaries';
import { erasedIn } from '@parley/core/log/erased';
import type { Name } from '@parley/core/people/names';

export const presentSettings = (summary: Summary): Settings => ({
  muted: summary.muted ?? false,
  hidden: isHidden(summary),
});

/**
 * The people whose names a row needs: the other person, and the sender, because an erased sender's text is not shown.
 */
export const namedIn = ({ user_uuid, sender_uuid }: Summary) =>
  user_uuid === undefined ? [sender_uuid] : [user_uuid, sender_uuid];

export function presentInboxRow(summary: Summary, names: Map<string, Name>): InboxRow {
  return {
    uuid: summary.message_group_uuid,
    kind: summary.kind,
    ...heading(summary, names),
    message: erasedIn(names)(summary.sender_uuid) ? '' : summary.message,
    sender_uuid: summary.sender_uuid,
    sender_display_name: names.get(summary.sender_uuid)?.display_name ?? '',
    created_at: summary.last_message_at,
    last_seq: summary.last_seq,
    unread_count: unreadCount(summary),
    read_seq: readPosition(summary).seq,
    ...presentSettings(summary),
    settings_version: summary.settings_version ?? 0,
  };
}

function heading(summary: Summary, names: Map<string, Name>) {
  if (summary.kind === 'group')
    return { display_name: summary.title ?? '', handle: null, user_uuid: null, tone: null };
  const name = names.get(summary.user_uuid ?? '');
  return {
    display_name: name?.display_name ?? summary.user_display_name ?? '',
    handle: name?.handle ?? summary.user_handle ?? '',
    user_uuid: summary.user_uuid ?? null,
    tone: name?.tone ?? null,
  };
}

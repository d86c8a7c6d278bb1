import type { InboxRow } from '@parley/client/api/types';

type Said = Pick<InboxRow, 'kind' | 'message' | 'sender_uuid' | 'sender_display_name'>;

/**
 * Who stands before the preview of a row: "You", and in a group the first name of who wrote. A direct conversation has one
 * other person, and a notice of a change names who made it by itself.
 */
export function speakerOf(
  { kind, message, sender_uuid, sender_display_name: name }: Said,
  me: string,
): string {
  const isNotice = kind === 'group' && name !== '' && message.startsWith(`${name} `);
  if (isNotice) return '';
  if (sender_uuid === me) return 'You';
  return kind === 'group' ? (name.trim().split(/\s+/)[0] ?? '') : '';
}

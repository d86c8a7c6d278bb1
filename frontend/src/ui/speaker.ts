import type { InboxRow } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { adminSucceeded } from '@parley/contract/entry-kinds';

type Said = Pick<InboxRow, 'kind' | 'message' | 'sender_uuid' | 'sender_display_name'>;

/**
 * Who stands before the preview of a row: "You", and in a group the first name of who wrote. A direct conversation has one
 * other person, and a notice of a change names who made it by itself, or nobody.
 */
export function speakerOf(
  { kind, message, sender_uuid, sender_display_name: name }: Said,
  me: string,
): string {
  const isNotice = message === adminSucceeded || (name !== '' && message.startsWith(`${isolate(name)} `));
  if (kind === 'group' && isNotice) return '';
  if (sender_uuid === me) return 'You';
  return kind === 'group' ? (name.trim().split(/\s+/)[0] ?? '') : '';
}

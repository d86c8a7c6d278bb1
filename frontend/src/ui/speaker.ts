import type { InboxRow } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { adminSucceeded } from '@parley/contract/entry-kinds';

type Said = Pick<InboxRow, 'kind' | 'message' | 'sender_uuid' | 'sender_display_name'>;

/**
 * The speaker before the preview of a row: "You", or in a group the author's first name. It is empty for the other person
 * of a direct conversation, and for a notice, whose text names the person who made the change.
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

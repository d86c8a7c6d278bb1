import type { InboxRow } from '@parley/client/api/types';

export const filters = [
  { value: 'all', text: 'All' },
  { value: 'unread', text: 'Unread' },
  { value: 'groups', text: 'Groups' },
] as const;
export type Filter = (typeof filters)[number]['value'];

/** The rows of a filter. The open conversation stays, because reading it must not remove it from the list. */
export const filtered = (rows: InboxRow[], filter: Filter, current: string | undefined): InboxRow[] =>
  rows.filter(
    ({ uuid, kind, unread_count }) =>
      filter === 'all' ||
      (filter === 'unread' && (unread_count > 0 || uuid === current)) ||
      (filter === 'groups' && kind === 'group'),
  );

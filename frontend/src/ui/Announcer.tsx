import type { Entry } from '@parley/client/api/types';
import type { Conversation } from '@parley/client/sync/conversations';
import { lastSeq } from '@parley/client/sync/history';
import { isolate } from '@parley/contract/direction';
import { flagsOf } from '@parley/contract/entry-kinds';
import { useEffect, useState } from 'react';
import { nameAmong } from '../people/shared-names.ts';
import { formatting } from '../text/formatting.ts';

/** Announces others' new messages to screen readers. The virtual list cannot, because its rows come and go. */
export function Announcer({
  conversation,
  me,
  shared,
}: {
  conversation: Conversation | undefined;
  me: string;
  shared: ReadonlySet<string>;
}) {
  const newest = conversation?.history.entries.at(-1);
  const [from, setFrom] = useState<number>();
  const isReady = conversation?.status === 'ready';
  const last = conversation ? lastSeq(conversation.history) : 0;
  useEffect(() => {
    if (isReady) setFrom((known) => known ?? last);
  }, [isReady, last]);
  const isNew = newest && from !== undefined && newest.seq > from && newest.user_uuid !== me;
  return (
    <p className="unseen" aria-live="polite">
      {isNew && announcementOf(newest, shared)}
    </p>
  );
}

/** The text of a notice already names the person who made the change. */
const announcementOf = (entry: Entry, shared: ReadonlySet<string>) =>
  flagsOf(entry).countsAsMessage
    ? `${nameAmong(shared, authorOf(entry))}: ${isolate(formatting.plain(entry.message))}`
    : entry.message;

export const authorOf = ({ user_uuid, handle, display_name }: Entry) => ({
  uuid: user_uuid,
  handle,
  display_name,
});

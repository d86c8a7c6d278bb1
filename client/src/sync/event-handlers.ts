import { flagsOf } from '@parley/contract/entry-kinds';
import type { EventHandlers } from '../live/events.ts';
import { type Parts, soonMs } from './parts.ts';

/** What each event of the gateway changes. */
export function createEventHandlers(parts: Parts): EventHandlers {
  const { me, entries, announcements, inbox, resumes, receipts, typing, presence, membership } = parts;
  return {
    'message.created': (entry) => {
      entries.apply(entry);
      if (entry.user_uuid !== me.uuid && flagsOf(entry).countsAsMessage) announcements.announce(entry);
    },
    'message_group.updated': (row) => {
      if (!inbox.apply(row)) resumes.runIn(soonMs);
    },
    'message_group.read': receipts.apply,
    typing: ({ message_group_uuid, user_uuid }) => {
      if (user_uuid !== me.uuid) typing.start(message_group_uuid, user_uuid);
    },
    presence: presence.apply,
    membership: membership.apply,
    erased: (erasure) => {
      parts.erasures.apply(erasure);
      resumes.runIn(soonMs);
      // After the second read no node has the erased name in its cache.
      resumes.runIn(parts.secondReadMs);
    },
    resync: () => {
      resumes.runNow();
      resumes.runIn(parts.secondReadMs);
    },
  };
}

import { flagsOf } from '@parley/contract/entry-kinds';
import type { EventHandlers } from '../live/events.ts';
import { type Parts, soonMs } from './parts.ts';

/** Reads everything again, because events were lost. */
export function resynchronize({ conversations, opening, open, resumes, secondReadMs }: Parts) {
  resumes.runNow();
  for (const { uuid, status } of conversations.all()) {
    if (status === 'ready' || status === 'loading') void opening.refreshGroup(uuid);
    if (status === 'failed' || status === 'missing') void open(uuid);
  }
  resumes.runIn(secondReadMs);
}

/** Applies each event of the gateway to the state. */
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
      // By the second read no node has the erased name in its cache.
      resumes.runIn(parts.secondReadMs);
      parts.rereads.runIn(parts.secondReadMs);
    },
    resync: () => resynchronize(parts),
  };
}

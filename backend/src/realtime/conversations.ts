import * as summaries from '@parley/core/inbox/summaries';
import type { ConversationNews } from '@parley/core/live/delivery';
import { isLarge } from '@parley/core/live/push';
import type { Entry } from '@parley/core/log/entries';
import { hasErasedAuthor, peopleOf } from '@parley/core/log/erased';
import type { Parts } from '../parts.ts';
import { presentEntry } from '../presenters/entry.ts';
import type { Audience } from './audience.ts';
import { hasCurrentName, introducesMembers, membershipEvents, rosterAgeFor } from './entry-events.ts';
import { event } from './frames.ts';
import type { Presence } from './presence.ts';
import type { Rows } from './rows.ts';
import { createSequencer } from './sequencer.ts';
import type { Sockets } from './sockets.ts';

export type Conversations = ReturnType<typeof createConversations>;

export type ConversationsParts = Pick<Parts, 'table' | 'log' | 'pages' | 'people' | 'logger' | 'metrics'> & {
  audience: Audience;
  sockets: Sockets;
  rows: Rows;
  presence: Pick<Presence, 'introduce'>;
  onLost: (messageGroupUuid: string, error?: unknown) => void;
};

/** Delivers the events of conversations to the sockets of their members. */
export function createConversations(parts: ConversationsParts) {
  const { table, people, audience, sockets, rows, onLost } = parts;
  const sequencer = createSequencer({ table, broadcast: (entry) => broadcast(parts, entry), onLost });

  async function deliver(
    { message_group_uuid, version, entries, erased = [] }: ConversationNews,
    readRows: () => Promise<summaries.Summary[]>,
  ) {
    try {
      await audience.roster(message_group_uuid, { version });
      await sequencer.deliver(message_group_uuid, entries);
      for (const user_uuid of erased) await showErased(message_group_uuid, user_uuid);
      for (const row of await readRows()) await rows.show(row);
    } catch (error) {
      onLost(message_group_uuid, error);
    }
  }

  /** An open window on the conversation removes this author's texts. */
  async function showErased(message_group_uuid: string, user_uuid: string) {
    people.forget(user_uuid);
    const frame = event('erased', { message_group_uuid, user_uuid });
    for (const userUuid of await audience.membersHereOf(message_group_uuid)) sockets.send(userUuid, frame);
  }

  return {
    /** One delivery. Skips conversations without a member here, and reads the rows of all others together. */
    async deliverAll(conversations: ConversationNews[]) {
      const withMembersHere = conversations.filter(({ message_group_uuid, members }) => {
        const hasMembersHere = members?.some(sockets.has) ?? true;
        if (!hasMembersHere) sequencer.forget(message_group_uuid);
        return hasMembersHere;
      });
      const wanted = withMembersHere.flatMap(({ message_group_uuid, members = [] }) =>
        members.filter(sockets.has).map((userUuid) => ({ userUuid, messageGroupUuid: message_group_uuid })),
      );
      const reading = summaries.getEach(table, wanted);
      reading.catch(() => {}); // Each conversation awaits it.
      await Promise.all(
        withMembersHere.map((conversation) =>
          deliver(conversation, async () => {
            const belongs = ({ message_group_uuid }: summaries.Summary) =>
              message_group_uuid === conversation.message_group_uuid;
            return [...conversation.rows, ...(await reading).filter(belongs)];
          }),
        ),
      );
    },

    /** Delivers messages that were appended a moment ago, ahead of the stream. */
    deliverAhead: (messageGroupUuid: string, entries: Entry[]) =>
      sequencer.deliverAhead(messageGroupUuid, entries),
    stop: () => sequencer.stop(),
  };
}

/** Sends one entry to the members who are here. */
async function broadcast(parts: ConversationsParts, entry: Entry) {
  const { table, log, pages, people, audience, sockets, rows, presence, metrics } = parts;
  log.observe(entry);
  pages.observe(entry);
  // Postgres may be slow, so the members are read last.
  const isCurrent = hasCurrentName(entry, table.clock.now());
  const [names, tone] = await Promise.all([
    people.names(isCurrent ? [] : peopleOf(entry)),
    isCurrent && !hasErasedAuthor(entry) ? people.tone(entry.user_uuid) : null,
  ]);
  const roster = await audience.roster(entry.message_group_uuid, { maxAgeMs: rosterAgeFor(entry) });
  if (!roster) return;
  const here = audience.membersHere(roster);
  const body = presentEntry(entry, names);
  const frame = event('message.created', { ...body, tone: body.tone ?? tone });
  for (const userUuid of here) sockets.send(userUuid, frame);
  metrics?.delivered(here.length);
  logDelivered(parts, entry, here);
  const membership = membershipEvents(entry, here);
  for (const data of membership?.events ?? []) {
    const frame = event('membership', data);
    for (const userUuid of membership?.to ?? []) sockets.send(userUuid, frame);
  }
  if (introducesMembers(entry)) presence.introduce(roster, here);
  if (isLarge(roster)) rows.showLargeSoon(roster);
}

/** The trail of a message ends here, with the sockets that it was sent to. A socket that failed is no longer open. */
function logDelivered({ logger, sockets }: ConversationsParts, { message_uuid }: Entry, here: string[]) {
  if (!logger.isLevelEnabled('debug')) return;
  const open = here.flatMap((userUuid) => [...sockets.of(userUuid)]).filter(({ isOpen }) => isOpen());
  const connections = open.map(({ id }) => id);
  logger.debug({ message_uuid, people: here.length, connections }, 'delivered');
}

import { flagsOf } from '@parley/contract/entry-kinds';
import * as summaries from '@parley/core/inbox/summaries';
import type { ConversationNews } from '@parley/core/live/delivery';
import { isLarge } from '@parley/core/live/push';
import type { Entry } from '@parley/core/log/entries';
import * as entries from '@parley/core/log/entries';
import { peopleOf } from '@parley/core/log/erased';
import { removedBy } from '@parley/core/log/kinds/index';
import type { Log } from '@parley/core/log/log';
import type { Pages } from '@parley/core/log/pages';
import type { Roster, Rosters } from '@parley/core/log/rosters';
import type { People } from '@parley/core/people/names';
import type { Table } from '@parley/core/table/client';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import { presentEntry } from '../presenters/entry.ts';
import { namedIn, presentInboxRow } from '../presenters/inbox-row.ts';
import { event } from './frames.ts';
import type { Presence } from './presence.ts';
import { createSequencer } from './sequencer.ts';
import type { Sockets } from './sockets.ts';

/** A membership as of at most this long ago decides who hears. */
export const rosterMaxAgeMs = 500;
const nameMaxAgeMs = 4_000;
/** Rows of a large conversation go to a socket this often at most. */
const largeRowMs = 1_000;
const rowsPerRead = 100;

export type NewsOptions = {
  table: Table;
  log: Log;
  pages: Pages;
  people: People;
  rosters: Rosters;
  sockets: Sockets;
  presence: Presence;
  logger: Logger;
  metrics?: Metrics | undefined;
};

export type News = ReturnType<typeof createNews>;

/** What the stream tells of conversations, to the sockets of their members. */
export function createNews(options: NewsOptions) {
  const { table, log, pages, people, rosters, sockets, presence, logger, metrics } = options;
  const sequencer = createSequencer({ table, hand, onLost });
  const largeRows = new Map<string, NodeJS.Timeout>();

  /** One delivery: what is of nobody here is passed over, and the rows of all that is are read together. */
  async function takeAll(conversations: ConversationNews[]) {
    const ofSomebody = conversations.filter(({ message_group_uuid, members }) => {
      const isOfSomebody = members?.some(sockets.has) ?? true;
      if (!isOfSomebody) sequencer.forget(message_group_uuid);
      return isOfSomebody;
    });
    const wanted = ofSomebody.flatMap(({ message_group_uuid, members = [] }) =>
      members.filter(sockets.has).map((userUuid) => ({ userUuid, messageGroupUuid: message_group_uuid })),
    );
    const reading = summaries.getEach(table, wanted);
    reading.catch(() => {}); // Each conversation awaits it.
    await Promise.all(
      ofSomebody.map((conversation) =>
        take(conversation, async () => {
          const ofIt = ({ message_group_uuid }: summaries.Summary) =>
            message_group_uuid === conversation.message_group_uuid;
          return [...conversation.rows, ...(await reading).filter(ofIt)];
        }),
      ),
    );
  }

  async function take(
    { message_group_uuid, version, entries, erased = [] }: ConversationNews,
    rows: () => Promise<summaries.Summary[]>,
  ) {
    try {
      await rosters.get(message_group_uuid, { maxAgeMs: rosterMaxAgeMs, version });
      await sequencer.take(message_group_uuid, entries);
      for (const user_uuid of erased) await showErased(message_group_uuid, user_uuid);
      for (const row of await rows()) await showRow(row);
    } catch (error) {
      onLost(message_group_uuid, error);
    }
  }

  async function hand(entry: Entry) {
    log.observe(entry);
    pages.observe(entry);
    // A change of members decides who hears of it.
    const maxAgeMs = flagsOf(entry).changesGroup ? 0 : rosterMaxAgeMs;
    // Postgres may take its time: who is a member is asked last.
    const names = await people.names(isNew(entry) ? [] : peopleOf(entry));
    const roster = await rosters.get(entry.message_group_uuid, { maxAgeMs });
    if (!roster) return;
    const here = membersHere(roster);
    const frame = event('message.created', presentEntry(entry, names));
    for (const userUuid of here) sockets.send(userUuid, frame);
    metrics?.told(here.length);
    logTold(entry, here);
    showMembership(entry, here);
    if (entry.seq === 1 || flagsOf(entry).membership === 'added') presence.introduce(roster, here);
    if (isLarge(roster) && !largeRows.has(entry.message_group_uuid)) showLargeRowsSoon(roster);
  }

  /** Who follows a message sees here where it arrived. A socket that did not take it is no longer open. */
  function logTold({ message_uuid }: Entry, here: string[]) {
    if (!logger.isLevelEnabled('debug')) return;
    const told = here.flatMap((userUuid) => [...sockets.of(userUuid)]).filter(({ isOpen }) => isOpen());
    const connections = told.map(({ id }) => id);
    logger.debug({ message_uuid, people: here.length, connections }, 'told');
  }

  /** The name that is stored with it is as new as those of the directory. */
  const isNew = ({ created_at }: Entry) => table.clock.now() - Date.parse(created_at) < nameMaxAgeMs;
  /** Who has a window on the conversation open takes this author's texts out of it. */
  async function showErased(message_group_uuid: string, user_uuid: string) {
    people.forget(user_uuid);
    const roster = await rosters.get(message_group_uuid, { maxAgeMs: rosterMaxAgeMs });
    const frame = event('erased', { message_group_uuid, user_uuid });
    for (const userUuid of roster ? membersHere(roster) : []) sockets.send(userUuid, frame);
  }

  const membersHere = (roster: Roster) => roster.userUuids.filter(sockets.has);

  function showMembership(entry: Entry, here: string[]) {
    const change = flagsOf(entry).membership;
    if (!change || !('members' in entry)) return;
    for (const user_uuid of entry.members) {
      const { message_group_uuid } = entry;
      const frame = event('membership', { message_group_uuid, user_uuid, change });
      // Who was removed hears of this, and of nothing after it.
      for (const userUuid of new Set([...here, ...removedBy(entry)])) sockets.send(userUuid, frame);
    }
  }

  /** A member's row, on all devices. */
  async function showRow(row: summaries.Summary) {
    if (!sockets.has(row.user)) return;
    const names = await people.names(namedIn(row));
    const roster = await rosters.get(row.message_group_uuid, { maxAgeMs: rosterMaxAgeMs });
    if (!roster?.has(row.user)) return;
    sockets.send(row.user, event('message_group.updated', presentInboxRow(row, names)));
  }

  /** The rows of those who are here, a second after the entry: once for all the entries of that second. */
  function showLargeRowsSoon({ group: { message_group_uuid } }: Roster) {
    const timer = setTimeout(() => {
      largeRows.delete(message_group_uuid);
      showLargeRows(message_group_uuid).catch((error) => onLost(message_group_uuid, error));
    }, largeRowMs);
    largeRows.set(message_group_uuid, timer);
  }

  async function showLargeRows(messageGroupUuid: string) {
    const roster = await rosters.get(messageGroupUuid, { maxAgeMs: rosterMaxAgeMs });
    const here = roster ? membersHere(roster) : [];
    if (here.length === 0) return;
    // Read now: a remembered head may be older than entries that these people have heard.
    const head = await entries.newest(table, messageGroupUuid);
    for (let start = 0; start < here.length; start += rowsPerRead) {
      const some = here.slice(start, start + rowsPerRead);
      const rows = await summaries.getMany(table, messageGroupUuid, some);
      for (const row of rows) await showRow(summaries.advancedTo(row, head));
    }
  }

  /** Those who might have missed something look for themselves. */
  function onLost(messageGroupUuid: string, err?: unknown) {
    if (err) logger.warn({ messageGroupUuid, err }, 'entries were not handed on');
    const frame = event('resync', {});
    void rosters
      .get(messageGroupUuid, { maxAgeMs: 60_000 })
      .then((roster) => (roster ? membersHere(roster) : [...sockets.people()]))
      .catch(() => [...sockets.people()])
      .then((userUuids) => {
        for (const userUuid of userUuids) sockets.send(userUuid, frame);
      });
  }

  return {
    takeAll,
    /** Messages that were appended a moment ago, ahead of the stream. */
    hurry: (messageGroupUuid: string, entries: Entry[]) => sequencer.hurry(messageGroupUuid, entries),
    showRow,
    membersHere,
    stop() {
      sequencer.stop();
      for (const timer of largeRows.values()) clearTimeout(timer);
    },
  };
}

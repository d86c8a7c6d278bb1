import * as summaries from '@parley/core/inbox/summaries';
import * as entries from '@parley/core/log/entries';
import type { Roster } from '@parley/core/log/rosters';
import type { Parts } from '../parts.ts';
import { namedIn, presentInboxRow } from '../presenters/inbox-row.ts';
import type { Audience } from './audience.ts';
import { event } from './frames.ts';
import type { Sockets } from './sockets.ts';

/** A socket receives the row of a large conversation at most once in this time. */
const largeRowMs = 1_000;
const rowsPerRead = 100;

export type Rows = ReturnType<typeof createRows>;

export type RowsParts = Pick<Parts, 'table' | 'people'> & {
  audience: Audience;
  sockets: Pick<Sockets, 'has' | 'send'>;
  onLost: (messageGroupUuid: string, error?: unknown) => void;
};

/** Sends inbox rows to the devices of their person. */
export function createRows({ table, people, audience, sockets, onLost }: RowsParts) {
  /** Large conversations whose rows are about to be sent. */
  const scheduled = new Map<string, NodeJS.Timeout>();

  async function show(row: summaries.Summary) {
    if (!sockets.has(row.user)) return;
    const names = await people.names(namedIn(row));
    const roster = await audience.roster(row.message_group_uuid);
    if (!roster?.has(row.user)) return;
    sockets.send(row.user, event('message_group.updated', presentInboxRow(row, names)));
  }

  async function showLarge(messageGroupUuid: string) {
    const here = await audience.membersHereOf(messageGroupUuid);
    if (here.length === 0) return;
    // Not from the cache, which may be older than the entries that these people have received.
    const newest = await entries.newest(table, messageGroupUuid);
    for (let start = 0; start < here.length; start += rowsPerRead) {
      const some = here.slice(start, start + rowsPerRead);
      const rows = await summaries.getMany(table, messageGroupUuid, some);
      for (const row of rows) await show(summaries.advancedTo(row, newest));
    }
  }

  return {
    show,
    /** Sends the rows of a large conversation a second later, once for all its entries of that second. */
    showLargeSoon({ group: { message_group_uuid } }: Roster) {
      if (scheduled.has(message_group_uuid)) return;
      const timer = setTimeout(() => {
        scheduled.delete(message_group_uuid);
        showLarge(message_group_uuid).catch((error) => onLost(message_group_uuid, error));
      }, largeRowMs);
      scheduled.set(message_group_uuid, timer);
    },
    stop() {
      for (const timer of scheduled.values()) clearTimeout(timer);
    },
  };
}

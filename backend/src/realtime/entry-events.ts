import { flagsOf } from '@parley/contract/entry-kinds';
import type { EventData } from '@parley/contract/events';
import type { Entry } from '@parley/core/log/entries';
import { removedBy } from '@parley/core/log/kinds/index';
import { rosterMaxAgeMs } from './audience.ts';

/** The author's name stored with an entry this young is as current as a cached name. */
const nameMaxAgeMs = 4_000;

export const hasCurrentName = ({ created_at }: Pick<Entry, 'created_at'>, nowMs: number) =>
  nowMs - Date.parse(created_at) < nameMaxAgeMs;

/** The greatest age of the roster that decides who receives an entry. A change of members needs the newest one. */
export const rosterAgeFor = (entry: Entry) => (flagsOf(entry).changesGroup ? 0 : rosterMaxAgeMs);

/** Whether people who share the conversation may see each other's presence from this entry on. */
export const introducesMembers = (entry: Entry) => entry.seq === 1 || flagsOf(entry).membership === 'added';

/**
 * The `membership` events of an entry and the people here who receive them. Removed people receive this as the last.
 */
export function membershipEvents(entry: Entry, here: string[]) {
  const change = flagsOf(entry).membership;
  if (!change || !('members' in entry)) return undefined;
  const { message_group_uuid } = entry;
  const events = entry.members.map(
    (user_uuid): EventData<'membership'> => ({ message_group_uuid, user_uuid, change }),
  );
  return { events, to: [...new Set([...here, ...removedBy(entry)])] };
}

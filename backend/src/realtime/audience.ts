import type { Roster, Rosters } from '@parley/core/log/rosters';
import type { Sockets } from './sockets.ts';

/** A membership that is at most this old decides who receives an event. */
export const rosterMaxAgeMs = 500;

export type Audience = ReturnType<typeof createAudience>;

/** The members of a conversation who have sockets on this node. */
export function createAudience(rosters: Rosters, sockets: Pick<Sockets, 'has' | 'people'>) {
  const membersHere = (roster: Roster) => roster.userUuids.filter(sockets.has);
  return {
    roster: (messageGroupUuid: string, { maxAgeMs = rosterMaxAgeMs, version = 0 } = {}) =>
      rosters.get(messageGroupUuid, { maxAgeMs, version }),
    membersHere,
    /** Empty if there is no such conversation. */
    async membersHereOf(messageGroupUuid: string): Promise<string[]> {
      const roster = await rosters.get(messageGroupUuid, { maxAgeMs: rosterMaxAgeMs });
      return roster ? membersHere(roster) : [];
    },
    /** Everybody who might have missed something of a conversation; all people here if nobody can say. */
    async affectedBy(messageGroupUuid: string): Promise<string[]> {
      const roster = await rosters.get(messageGroupUuid, { maxAgeMs: 60_000 }).catch(() => undefined);
      return roster ? membersHere(roster) : [...sockets.people()];
    },
  };
}

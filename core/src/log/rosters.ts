import { LRUCache } from 'lru-cache';
import type { Table } from '../table/client.ts';
import type { Group } from './members.ts';
import * as members from './members.ts';

/** A group and its members, from one consistent read. */
export type Roster = { group: Group; userUuids: string[]; has(userUuid: string): boolean };

export type Rosters = ReturnType<typeof createRosters>;

/** Caches rosters. A cached roster is valid while the group has the same version. */
export function createRosters(table: Table) {
  const rosters = new LRUCache<string, { roster: Roster; checkedAtMs: number }>({
    maxSize: 200_000,
    sizeCalculation: ({ roster }) => 1 + roster.userUuids.length,
  });

  async function read(messageGroupUuid: string) {
    const checkedAtMs = performance.now();
    const current = await members.roster(table, messageGroupUuid);
    if (!current.group) return undefined;
    const uuids = new Set(current.members.map(({ user_uuid }) => user_uuid));
    const roster: Roster = {
      group: current.group,
      userUuids: [...uuids],
      has: (userUuid) => uuids.has(userUuid),
    };
    const known = rosters.get(messageGroupUuid)?.roster;
    // This read saw half of a membership change: it is returned, but not cached.
    if (uuids.size !== roster.group.member_count) return roster;
    if (!known || known.group.version <= roster.group.version)
      rosters.set(messageGroupUuid, { roster, checkedAtMs });
    return roster;
  }

  return {
    /**
     * The roster as it was at most `maxAgeMs` ago, of at least this `version`. Undefined if there is no such
     * conversation. A cached roster costs 0 or 1 read unit: an old one is checked against the group's version, unless
     * it is a direct conversation's, which never changes.
     */
    async get(messageGroupUuid: string, { maxAgeMs = 0, version = 0 } = {}): Promise<Roster | undefined> {
      const known = rosters.get(messageGroupUuid);
      if (!known || known.roster.group.version < version) return read(messageGroupUuid);
      if (known.roster.group.kind === 'direct') return known.roster;
      const nowMs = performance.now();
      if (nowMs - known.checkedAtMs < maxAgeMs) return known.roster;
      const group = await members.group(table, messageGroupUuid);
      if (group?.version !== known.roster.group.version) return read(messageGroupUuid);
      known.checkedAtMs = Math.max(known.checkedAtMs, nowMs);
      return known.roster;
    },
  };
}

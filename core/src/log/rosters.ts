import { LRUCache } from 'lru-cache';
import type { Table } from '../table/client.ts';
import type { Group } from './members.ts';
import * as members from './members.ts';

/** A group and who is in it, of one consistent read. */
export type Roster = { group: Group; userUuids: string[]; has(userUuid: string): boolean };

export type Rosters = ReturnType<typeof createRosters>;

/** Who is in a conversation, kept by the group's version. */
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
    // A read that met a membership change half way serves once, and is not kept.
    if (uuids.size !== roster.group.member_count) return roster;
    if (!known || known.group.version <= roster.group.version)
      rosters.set(messageGroupUuid, { roster, checkedAtMs });
    return roster;
  }

  return {
    /**
     * The roster as it was at most `maxAgeMs` ago and not before `version`; undefined where there is no such
     * conversation. A direct conversation's two people never change; of a group the version is read. 0 or 1 read
     * unit warm.
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

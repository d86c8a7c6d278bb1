import * as summaries from '@parley/core/inbox/summaries';
import { isLarge } from '@parley/core/live/push';
import type { Rosters } from '@parley/core/log/rosters';
import type { Parts } from '../parts.ts';

/** A person sees the presence of people in at most this many of their newest conversations. */
const maxConversations = 100;
const maxPeers = 500;
const rosterMaxAgeMs = 60_000;

export type Peers = ReturnType<typeof createPeers>;

/** The people who share a conversation with a person, large ones left out. */
export function createPeers({
  table,
  newestEntries,
  rosters,
}: Pick<Parts, 'table' | 'newestEntries'> & { rosters: Rosters }) {
  async function membersOfSmall(messageGroupUuid: string): Promise<string[]> {
    const roster = await rosters.get(messageGroupUuid, { maxAgeMs: rosterMaxAgeMs });
    return roster && !isLarge(roster) ? roster.userUuids : [];
  }

  return {
    async of(userUuid: string): Promise<string[]> {
      const page = await summaries.list(table, newestEntries, {
        userUuid,
        limit: maxConversations,
        which: 'all',
      });
      const peers = new Set<string>();
      for (const { kind, user_uuid, message_group_uuid } of page.summaries) {
        if (peers.size >= maxPeers) break;
        if (kind === 'direct') peers.add(user_uuid ?? '');
        else for (const peer of await membersOfSmall(message_group_uuid)) peers.add(peer);
      }
      peers.delete(userUuid);
      return [...peers].slice(0, maxPeers);
    },
  };
}

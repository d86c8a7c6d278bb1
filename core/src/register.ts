import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Conversation } from './conversations.ts';
import { type Finding, keyText } from './history.ts';
import { groupKey } from './table/keys.ts';
import * as users from './users.ts';

const maxKnown = 100_000;
const uuidsPerQuery = 1_000;

/** Who of a conversation is not in Postgres (erased people are, as tombstones). */
export type Register = ReturnType<typeof createRegister>;

export function createRegister(pool: Pool) {
  const known = new LRUCache<string, true>({ max: maxKnown });

  /** Those of them who do not exist. */
  async function missingOf(uuids: Iterable<string>): Promise<Set<string>> {
    const asked = [...uuids].filter((uuid) => !known.has(uuid));
    const missing = new Set(asked);
    for (let start = 0; start < asked.length; start += uuidsPerQuery) {
      const found = await users.findNames(pool, asked.slice(start, start + uuidsPerQuery));
      for (const uuid of found.keys()) {
        known.set(uuid, true);
        missing.delete(uuid);
      }
    }
    return missing;
  }

  return {
    /** By conversation; one that names only people who exist is missing. */
    async strangers(conversations: Pick<Conversation, 'history' | 'members'>[]) {
      const named = conversations.map(({ history, members }) => ({
        uuid: history.uuid,
        people: new Set([...history.people, ...members.map(({ user_uuid }) => user_uuid)]),
      }));
      const missing = await missingOf(new Set(named.flatMap(({ people }) => [...people])));
      const findings = new Map<string, Finding[]>();
      for (const { uuid, people } of named) {
        const strangers = [...people].filter((person) => missing.has(person));
        if (strangers.length > 0) findings.set(uuid, strangers.map(strangerOf(uuid)));
      }
      return findings;
    },
  };
}

const strangerOf =
  (messageGroupUuid: string) =>
  (person: string): Finding => ({
    invariant: 7,
    key: keyText(groupKey(messageGroupUuid)),
    detail: `names ${person}, who is not in Postgres`,
  });

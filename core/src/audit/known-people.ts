import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { ConversationSnapshot } from '../conversations/snapshot.ts';
import { type Finding, keyText } from '../log/fold.ts';
import * as users from '../people/users.ts';
import { groupKey } from '../table/keys.ts';

const maxKnown = 100_000;
const uuidsPerQuery = 1_000;

/** Finds people who are missing in Postgres. Erased people are not missing: their tombstones exist. */
export type KnownPeople = ReturnType<typeof createKnownPeople>;

export function createKnownPeople(pool: Pool) {
  const known = new LRUCache<string, true>({ max: maxKnown });

  /** The uuids without a row. */
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
    /** The missing people of each conversation that has any, with their names from the table. */
    async strangers(conversations: Mentions[]): Promise<Map<string, users.Person[]>> {
      const named = conversations.map((conversation) => ({
        conversation,
        people: new Set([
          ...conversation.history.people.keys(),
          ...conversation.members.map(({ user_uuid }) => user_uuid),
        ]),
      }));
      const missing = await missingOf(new Set(named.flatMap(({ people }) => [...people])));
      const found = new Map<string, users.Person[]>();
      for (const { conversation, people } of named) {
        const strangers = [...people].filter((person) => missing.has(person));
        if (strangers.length === 0) continue;
        const persons = strangers.map((stranger) => personOf(conversation, stranger));
        found.set(conversation.history.uuid, persons);
      }
      return found;
    },
  };
}

type Mentions = Pick<ConversationSnapshot, 'history' | 'members'> &
  Partial<Pick<ConversationSnapshot, 'summaries'>>;

/** The person with the names from their newest entry, or from a direct conversation's summary, or with empty names. */
function personOf({ history, summaries }: Mentions, uuid: string): users.Person {
  const author = history.people.get(uuid);
  if (author) return author;
  const summary = [...(summaries?.values() ?? [])].find(({ user_uuid }) => user_uuid === uuid);
  return { uuid, handle: summary?.user_handle ?? '', display_name: summary?.user_display_name ?? '' };
}

/** The finding for a person who is missing in Postgres. */
export const strangerFault =
  (messageGroupUuid: string) =>
  ({ uuid }: Pick<users.Person, 'uuid'>): Finding => ({
    invariant: 7,
    key: keyText(groupKey(messageGroupUuid)),
    detail: `names ${uuid}, who is not in Postgres`,
  });

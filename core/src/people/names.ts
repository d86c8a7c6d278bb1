import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { AppError } from '../errors.ts';
import { createLookup } from './lookup.ts';
import * as users from './users.ts';

export type Name = users.Name;
export type People = ReturnType<typeof createPeople>;
export type Identities = ReturnType<typeof createIdentities>;

/** The longest wait for a person's tone, which is only the colour of a face. */
const toneWaitMs = 500;
/** So long nobody waits after a wait in vain. */
const toneHoldOffMs = 5_000;

export type PeopleOptions = {
  /** Called when Postgres is unreachable and names are served from memory. */
  onError?: (error: Error) => void;
  /** A cached name is read again after this time. With the default, a new name shows within 5 s, request included. */
  maxAgeMs?: number;
};

/** Names of people by uuid, cached for a few seconds. */
export function createPeople(pool: Pool, { onError, maxAgeMs = 4_000 }: PeopleOptions = {}) {
  const lookup = createLookup({ read: (uuids) => users.findNames(pool, uuids), onError });

  let noWaitUntilMs = 0;

  const name = async (uuid: string) => {
    try {
      return await lookup.loadCached(uuid, maxAgeMs);
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  };

  return {
    /**
     * The map lacks people who do not exist and, while Postgres is unreachable, people who are not cached. For these
     * the caller uses the names stored in its entry or summary.
     */
    async names(uuids: Iterable<string>): Promise<Map<string, Name>> {
      const found = new Map<string, Name>();
      await Promise.all(
        [...new Set(uuids)].map(async (uuid) => {
          const known = await name(uuid);
          if (known) found.set(uuid, known);
        }),
      );
      return found;
    },
    /**
     * The tone of a person. It never changes, so it is read once. Null if Postgres does not answer in time; after such a
     * wait nobody waits again for a while, because live messages do.
     */
    async tone(uuid: string): Promise<number | null> {
      const known = lookup.lastRead(uuid);
      if (known) return known.tone;
      if (performance.now() < noWaitUntilMs) return null;
      const giveUp = new AbortController();
      const late = sleep(toneWaitMs, 'late' as const, { signal: giveUp.signal }).catch(() => null);
      const read = await Promise.race([name(uuid), late]).finally(() => giveUp.abort());
      if (read !== 'late') return read?.tone ?? null;
      noWaitUntilMs = performance.now() + toneHoldOffMs;
      return null;
    },
    /** Call this after a name changed on this node: the next `names` returns the new one. */
    forget: lookup.forget,
  };
}

/**
 * People by the `sub` of their token. An HTTP request uses `bySub`, so a sign-out or a disabled account takes effect on
 * every node at once. A frame may use `cachedBySub`, because a sign-out also closes the person's sockets. While
 * Postgres is unreachable, both return a person who was read in the last ten minutes, and otherwise fail with `busy`.
 */
export function createIdentities(pool: Pool, { onError }: Pick<PeopleOptions, 'onError'> = {}) {
  const lookup = createLookup({ read: (subs) => users.findBySubs(pool, subs), onError });
  return {
    bySub: lookup.load,
    cachedBySub: lookup.loadCached,
    /** Call this after the person changed: the next `cachedBySub` reads them from Postgres. */
    forget: lookup.forget,
  };
}

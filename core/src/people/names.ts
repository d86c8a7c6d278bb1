import type { Pool } from 'pg';
import { AppError } from '../errors.ts';
import { createLookup } from './lookup.ts';
import * as users from './users.ts';

export type Name = { handle: string; display_name: string };
export type People = ReturnType<typeof createPeople>;
export type Identities = ReturnType<typeof createIdentities>;

export type PeopleOptions = {
  /** Told when Postgres is away and what is known is served instead. */
  onError?: (error: Error) => void;
  /** Names are read again after this time. A new one shows within 5 s, the time of a request included. */
  maxAgeMs?: number;
};

/** The directory of names, kept in memory for a moment. */
export function createPeople(pool: Pool, { onError, maxAgeMs = 4_000 }: PeopleOptions = {}) {
  const lookup = createLookup({ read: (uuids) => users.findNames(pool, uuids), onError });

  const name = async (uuid: string) => {
    try {
      return await lookup.lately(uuid, maxAgeMs);
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  };

  return {
    /** Who is unknown, and while Postgres is away who was not asked for lately, is missing: the caller has a stored name. */
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
    /** Call after a change made on this node: the next `names` has it. */
    forget: lookup.forget,
  };
}

/**
 * The person behind a token, read anew for every HTTP request so that a sign-out or a shut account counts at once on
 * all nodes, and `lately` for the frames of a socket, which a node closes when it hears of a sign-out. While Postgres
 * is away the person as last seen, at most ten minutes ago, else `busy`.
 */
export function createIdentities(pool: Pool, { onError }: Pick<PeopleOptions, 'onError'> = {}) {
  const lookup = createLookup({ read: (subs) => users.findBySubs(pool, subs), onError });
  return {
    bySub: lookup.load,
    /** As this node read the person at most that long ago, by whatever request, unless it was told to forget. */
    lately: lookup.lately,
    /** The next `lately` reads anew. */
    forget: lookup.forget,
  };
}

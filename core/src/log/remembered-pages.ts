import { LRUCache } from 'lru-cache';
import type { Entry } from './entries.ts';

/** The number of newest entries that are cached for a conversation, and the most newer ones that are read at once. */
export const maxNewest = 100;
const maxMemberships = 50_000;

/** The cached newest entries with the next one added. Undefined if it does not follow them. */
export function extended(known: Entry[], entry: Entry): Entry[] | undefined {
  if (known.at(-1)?.seq !== entry.seq - 1) return undefined;
  return known.length < maxNewest ? [...known, entry] : [...known.slice(1), entry];
}

/** Whether these newest entries fill a page, or are the whole log. */
export const fillPage = (known: Entry[], limit: number) => known.length >= limit || known[0]?.seq === 1;

export const bytesOf = (page: Entry[]) =>
  page.reduce((sum, { message }) => sum + 700 + 2 * message.length, 100);

/** A node's cache of logs: newest entries, older pages, and memberships. */
export function createRememberedPages({ maxBytes, maxAgeMs }: { maxBytes: number; maxAgeMs: number }) {
  const options = { maxSize: maxBytes / 2, ttl: maxAgeMs };
  /** The newest entries of a conversation without gaps, oldest first. */
  const newest = new LRUCache<string, { entries: Entry[] }>({
    ...options,
    sizeCalculation: ({ entries }) => bytesOf(entries),
  });
  const older = new LRUCache<string, Entry[]>({ ...options, sizeCalculation: bytesOf });
  /** People who were members a moment ago. This saves the membership check before a page, but not the one after it. */
  const memberships = new LRUCache<string, true>({ max: maxMemberships, ttl: maxAgeMs });

  return {
    older,
    memberships,
    newest: (uuid: string) => newest.get(uuid)?.entries,
    /** Caches a page, unless newer entries were observed while it was read. */
    setNewest(uuid: string, page: Entry[]) {
      const knownSeq = newest.peek(uuid)?.entries.at(-1)?.seq ?? 0;
      if (page.length > 0 && knownSeq <= (page.at(-1)?.seq ?? 0)) newest.set(uuid, { entries: page });
    },
    forgetNewest: (uuid: string) => newest.delete(uuid),
    /** Adds an entry that this node wrote or received, if it follows the cached ones. */
    observe(entry: Entry) {
      const uuid = entry.message_group_uuid;
      const known = newest.peek(uuid)?.entries;
      const entries = known && extended(known, entry);
      // Keeps the age of the oldest entries, because an erased text must be gone after a minute.
      if (entries) newest.set(uuid, { entries }, { ttl: Math.max(1, newest.getRemainingTTL(uuid)) });
    },
  };
}

import { LRUCache } from 'lru-cache';
import type { Entry } from './entries.ts';

/** The most newest entries of an active conversation that are remembered, and that are read behind them at once. */
export const maxNewest = 100;
const maxMemberships = 50_000;

/** The remembered newest entries with the next one; undefined if it does not follow them. */
export function extended(known: Entry[], entry: Entry): Entry[] | undefined {
  if (known.at(-1)?.seq !== entry.seq - 1) return undefined;
  return known.length < maxNewest ? [...known, entry] : [...known.slice(1), entry];
}

/** Whether these newest entries fill a page, or are all that the log has. */
export const fillPage = (known: Entry[], limit: number) => known.length >= limit || known[0]?.seq === 1;

export const bytesOf = (page: Entry[]) =>
  page.reduce((sum, { message }) => sum + 700 + 2 * message.length, 100);

/** What a node remembers of logs: newest entries, older pages, and memberships that it found. */
export function createRememberedPages({ maxBytes, maxAgeMs }: { maxBytes: number; maxAgeMs: number }) {
  const options = { maxSize: maxBytes / 2, ttl: maxAgeMs };
  /** The newest entries of a conversation, without a hole, oldest first. */
  const newest = new LRUCache<string, { entries: Entry[] }>({
    ...options,
    sizeCalculation: ({ entries }) => bytesOf(entries),
  });
  const older = new LRUCache<string, Entry[]>({ ...options, sizeCalculation: bytesOf });
  /** They spare a look at the membership before a page is read, never the one after it. */
  const memberships = new LRUCache<string, true>({ max: maxMemberships, ttl: maxAgeMs });

  return {
    older,
    memberships,
    newest: (uuid: string) => newest.get(uuid)?.entries,
    /** Remembers a page, unless newer entries were observed while it was read. */
    setNewest(uuid: string, page: Entry[]) {
      const knownSeq = newest.peek(uuid)?.entries.at(-1)?.seq ?? 0;
      if (page.length > 0 && knownSeq <= (page.at(-1)?.seq ?? 0)) newest.set(uuid, { entries: page });
    },
    forgetNewest: (uuid: string) => newest.delete(uuid),
    /** Adds an entry that this node wrote or received, if it follows what is remembered. */
    observe(entry: Entry) {
      const uuid = entry.message_group_uuid;
      const known = newest.peek(uuid)?.entries;
      const entries = known && extended(known, entry);
      // The age stays that of the oldest part: a text that was erased must be gone after a minute.
      if (entries) newest.set(uuid, { entries }, { ttl: Math.max(1, newest.getRemainingTTL(uuid)) });
    },
  };
}

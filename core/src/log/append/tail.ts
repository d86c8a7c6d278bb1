import type { Entry } from '../entries.ts';
import { addedBy, kindOf, removedBy } from '../kinds/index.ts';

/** The idempotency window of a request that does not say what it knew: entries and age, whichever is more. */
const windowEntries = 200;
const windowMs = 10 * 60_000;
/** Keys beyond the window are dropped when there are twice as many as it takes. */
const trimAt = 2 * windowEntries;

/**
 * What a node remembers of a conversation's newest entries: positions and keys, no texts. It may lag behind the table
 * (an append then is refused), and it holds every key of the entries `coveredFrom`..`seq`.
 */
export type Tail = ReturnType<typeof createTail>;

export function createTail(uuid: string) {
  const keys = new Map<string, { seq: number; atMs: number }>();
  const tail = {
    uuid,
    seq: 0,
    messageCount: 0,
    createdAtMs: 0,
    coveredFrom: 1,
    /** Entries before `coveredFrom` are at least as old as this. */
    coveredSinceMs: 0,
    /** As of the newest entry, which says so. */
    isLarge: false,
    /** Appends that look for newer entries first: another node was quicker a moment ago. */
    looksAhead: 0,
    /** Who was found to be a member; valid for exactly this tail. */
    members: new Set<string>(),
    /** Whose removal was the last that the entries seen here say of them; their member item may linger for a moment. */
    removed: new Set<string>(),

    /** Takes the first page of a tail that knows nothing yet, or the next one. Entries in ascending order. */
    load(page: Entry[]) {
      const [first] = page;
      if (first && tail.seq === 0) {
        tail.coveredFrom = first.seq;
        tail.coveredSinceMs = Date.parse(first.created_at);
        tail.seq = first.seq - 1;
      }
      for (const entry of page) tail.advance(entry);
    },

    /** Takes the next entry. A membership entry forgets who was a member. */
    advance(entry: Entry) {
      if (entry.seq !== tail.seq + 1)
        throw new Error(`entry ${entry.seq} does not follow ${tail.seq} in ${uuid}`);
      tail.seq = entry.seq;
      tail.messageCount = entry.message_count;
      tail.createdAtMs = Date.parse(entry.created_at);
      tail.isLarge = entry.large === true;
      if (kindOf(entry).countsAsMessage) remember(entry);
      if (kindOf(entry).changesGroup) takeMembership(entry);
      if (tail.seq % windowEntries === 0) trim();
    },

    /** Takes an entry that was seen elsewhere, if it is the next one. */
    observe(entry: Entry) {
      if (entry.seq === tail.seq + 1) tail.advance(entry);
    },

    /** Takes entries before `coveredFrom`, in descending order; none means that the log begins there. */
    extend(page: Entry[]) {
      const last = page.at(-1);
      tail.coveredFrom = last?.seq ?? 1;
      tail.coveredSinceMs = last ? Date.parse(last.created_at) : 0;
      for (const entry of page) if (kindOf(entry).countsAsMessage) remember(entry);
    },

    coversWindow(nowMs: number): boolean {
      if (tail.coveredFrom <= 1) return true;
      return tail.coveredFrom <= tail.seq - windowEntries + 1 && tail.coveredSinceMs < nowMs - windowMs;
    },

    seqOfKey: (userUuid: string, idempotencyKey: string) => keys.get(`${userUuid} ${idempotencyKey}`)?.seq,

    /** Memory, approximately. */
    bytes: () => 400 + keys.size * 250 + (tail.members.size + tail.removed.size) * 80,
  };

  function remember(entry: Entry) {
    if (entry.idempotency_key === undefined) return;
    keys.set(`${entry.user_uuid} ${entry.idempotency_key}`, {
      seq: entry.seq,
      atMs: Date.parse(entry.created_at),
    });
  }

  function takeMembership(entry: Entry) {
    tail.members.clear();
    for (const uuid of removedBy(entry)) tail.removed.add(uuid);
    for (const uuid of addedBy(entry)) tail.removed.delete(uuid);
  }

  function trim() {
    if (keys.size < trimAt) return;
    for (const [key, { seq, atMs }] of keys) {
      if (seq > tail.seq - windowEntries || atMs >= tail.createdAtMs - windowMs) continue;
      keys.delete(key);
      if (seq < tail.coveredFrom) continue;
      tail.coveredFrom = seq + 1;
      tail.coveredSinceMs = atMs;
    }
  }

  return tail;
}

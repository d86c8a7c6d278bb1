import type { Entry } from '../entries.ts';
import { addedBy, kindOf, removedBy } from '../kinds/index.ts';

/** The idempotency window of a request without `knownSeq`: entries and age, whichever is more. */
const windowEntries = 200;
const windowMs = 10 * 60_000;
/** Keys beyond the window are dropped when the tail holds this many. */
const trimAt = 2 * windowEntries;

/**
 * What a node remembers of a conversation's newest entries: sequence numbers and idempotency keys, no texts. It may lag
 * behind the table; the table then refuses an append. It holds every key of the entries from `coveredFrom` to `seq`.
 */
export type Tail = {
  uuid: string;
  seq: number;
  messageCount: number;
  createdAtMs: number;
  coveredFrom: number;
  /** Entries before `coveredFrom` are at least as old as this. */
  coveredSinceMs: number;
  /** Whether the newest entry is marked as one of a large conversation. */
  isLarge: boolean;
  /** This many appends read newer entries first, because another node has just written to the conversation. */
  looksAhead: number;
  /** People who were found to be members. A change of the group clears it. */
  members: Set<string>;
  /** The people whose newest change seen here is a removal; their member item may linger for a moment. */
  removed: Set<string>;
  keys: Map<string, { seq: number; atMs: number }>;
};

export const createTail = (uuid: string): Tail => ({
  uuid,
  seq: 0,
  messageCount: 0,
  createdAtMs: 0,
  coveredFrom: 1,
  coveredSinceMs: 0,
  isLarge: false,
  looksAhead: 0,
  members: new Set(),
  removed: new Set(),
  keys: new Map(),
});

/** Applies a page of entries, in ascending order. An empty tail starts with the page's first entry. */
export function load(tail: Tail, page: Entry[]) {
  const [first] = page;
  if (first && tail.seq === 0) {
    tail.coveredFrom = first.seq;
    tail.coveredSinceMs = Date.parse(first.created_at);
    tail.seq = first.seq - 1;
  }
  for (const entry of page) advance(tail, entry);
}

/** Applies the next entry. Throws if its number does not follow. */
export function advance(tail: Tail, entry: Entry) {
  if (entry.seq !== tail.seq + 1)
    throw new Error(`entry ${entry.seq} does not follow ${tail.seq} in ${tail.uuid}`);
  tail.seq = entry.seq;
  tail.messageCount = entry.message_count;
  tail.createdAtMs = Date.parse(entry.created_at);
  tail.isLarge = entry.large === true;
  rememberKey(tail, entry);
  if (kindOf(entry).changesGroup) applyMembership(tail, entry);
  if (tail.seq % windowEntries === 0) trim(tail);
}

/** Applies an entry that another node wrote, if it is the next one. */
export function observe(tail: Tail, entry: Entry) {
  if (entry.seq === tail.seq + 1) advance(tail, entry);
}

/**
 * Adds the keys of entries before `coveredFrom`, in descending order. An empty page means that the log begins there.
 */
export function extend(tail: Tail, page: Entry[]) {
  const last = page.at(-1);
  tail.coveredFrom = last?.seq ?? 1;
  tail.coveredSinceMs = last ? Date.parse(last.created_at) : 0;
  for (const entry of page) rememberKey(tail, entry);
}

/** Whether the tail holds every key of the idempotency window. */
export function coversWindow(tail: Tail, nowMs: number): boolean {
  if (tail.coveredFrom <= 1) return true;
  return tail.coveredFrom <= tail.seq - windowEntries + 1 && tail.coveredSinceMs < nowMs - windowMs;
}

export const seqOfKey = ({ keys }: Tail, userUuid: string, idempotencyKey: string) =>
  keys.get(`${userUuid} ${idempotencyKey}`)?.seq;

/** The approximate memory in bytes. */
export const bytesOf = ({ keys, members, removed }: Tail) =>
  400 + keys.size * 250 + (members.size + removed.size) * 80;

function rememberKey({ keys }: Tail, entry: Entry) {
  if (entry.idempotency_key === undefined || !kindOf(entry).countsAsMessage) return;
  keys.set(`${entry.user_uuid} ${entry.idempotency_key}`, {
    seq: entry.seq,
    atMs: Date.parse(entry.created_at),
  });
}

function applyMembership(tail: Tail, entry: Entry) {
  tail.members.clear();
  for (const uuid of removedBy(entry)) tail.removed.add(uuid);
  for (const uuid of addedBy(entry)) tail.removed.delete(uuid);
}

function trim(tail: Tail) {
  if (tail.keys.size < trimAt) return;
  for (const [key, { seq, atMs }] of tail.keys) {
    if (seq > tail.seq - windowEntries || atMs >= tail.createdAtMs - windowMs) continue;
    tail.keys.delete(key);
    if (seq < tail.coveredFrom) continue;
    tail.coveredFrom = seq + 1;
    tail.coveredSinceMs = atMs;
  }
}

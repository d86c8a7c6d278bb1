import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';
import type { Table } from '../table/client.ts';
import { entryKey, memberKey } from '../table/keys.ts';
import { createGets } from '../table/read.ts';
import type { Entry } from './entries.ts';
import * as entries from './entries.ts';

/*
 * Pages of logs, with what a node remembers of them. An entry never changes but for the erasure of its text, so what
 * was read stays true; what may have changed is asked anew for every page, many pages in one request:
 *
 * 1. Is the caller a member? Looked at last: what was read before it, the caller was allowed to read. And first, where
 *    anything has to be read and the caller was not seen as a member here of late: a stranger neither makes a node read
 *    nor tells by the time it takes what there is.
 * 2. For the newest page: is there still no entry after the newest that is remembered? Then it is the newest page as of
 *    now, as good as a consistent read. Otherwise what is newer is read first.
 *
 * Nothing is remembered for longer than a minute, which is when erased texts are gone everywhere.
 */

export type PageInput = {
  userUuid: string;
  messageGroupUuid: string;
  limit: number;
  beforeSeq?: number | undefined;
  afterSeq?: number | undefined;
};

export type Page = { entries: Entry[]; hasMore: boolean };

export type Pages = ReturnType<typeof createPages>;

export type PagesOptions = {
  /** Memory for remembered entries, approximately. */
  maxBytes?: number;
  maxAgeMs?: number;
};

/** The newest entries of a conversation, without a hole, oldest first. */
type Run = { entries: Entry[] };

/** Entries of an active conversation that are kept, and that are read behind a run at once. */
const runLength = 100;
const maxSeen = 50_000;

export function createPages(table: Table, { maxBytes = 32 * 2 ** 20, maxAgeMs = 60_000 }: PagesOptions = {}) {
  const get = createGets(table);
  const options = { maxSize: maxBytes / 2, ttl: maxAgeMs };
  const runs = new LRUCache<string, Run>({ ...options, sizeCalculation: (run) => bytesOf(run.entries) });
  const older = new LRUCache<string, Entry[]>({ ...options, sizeCalculation: bytesOf });
  /** Memberships that were found here. They spare a look before a page is read, never the one after it. */
  const seen = new LRUCache<string, true>({ max: maxSeen, ttl: maxAgeMs });

  /**
   * A page of a conversation's log, oldest entry first: the newest page, the one before `beforeSeq`, or the one after
   * `afterSeq`. `hasMore` speaks of that direction. Throws `message_group_not_found` where the caller is no member.
   * Warm: 2 read units for the newest page, 1 for one before a seq. Cold: 1, and 1 for each 4 KB, and 1 more for who was
   * not seen here for a minute.
   */
  async function list(input: PageInput): Promise<Page> {
    if (input.afterSeq !== undefined) return listAfter(input, input.afterSeq);
    const page = input.beforeSeq === undefined ? await newest(input) : await before(input, input.beforeSeq);
    // A log is dense from 1, so the page itself tells whether older entries exist.
    return { entries: page, hasMore: (page[0]?.seq ?? 1) > 1 };
  }

  async function listAfter(input: PageInput, afterSeq: number): Promise<Page> {
    const { messageGroupUuid, beforeSeq, limit } = input;
    await turnStrangersAway(input);
    const page = await entries.range(table, messageGroupUuid, {
      from: afterSeq + 1,
      to: beforeSeq === undefined ? undefined : beforeSeq - 1,
      order: 'ascending',
      limit,
    });
    await admit(input);
    return { entries: page.entries, hasMore: !page.isComplete };
  }

  async function newest(input: PageInput): Promise<Entry[]> {
    const { messageGroupUuid, limit } = input;
    const known = runs.get(messageGroupUuid)?.entries;
    const last = known?.at(-1);
    if (!known || !last || !holds(known, limit)) {
      await turnStrangersAway(input);
      const page = await read(input, undefined);
      // Entries that were heard of meanwhile are newer than this page.
      const kept = runs.peek(messageGroupUuid)?.entries.at(-1)?.seq ?? 0;
      if (page.length > 0 && kept <= (page.at(-1)?.seq ?? 0)) runs.set(messageGroupUuid, { entries: page });
      await admit(input);
      return page;
    }
    const [next] = await Promise.all([get(entryKey(messageGroupUuid, last.seq + 1)), admit(input)]);
    if (!next) return known.slice(-limit);
    const newer = await entries.range(table, messageGroupUuid, {
      from: last.seq + 1,
      order: 'ascending',
      limit: runLength,
    });
    if (!newer.isComplete || newer.entries.length === runLength) runs.delete(messageGroupUuid);
    else for (const entry of newer.entries) observe(entry);
    const page = newer.isComplete ? [...known, ...newer.entries].slice(-limit) : await read(input, undefined);
    await admit(input);
    return page;
  }

  async function before(input: PageInput, beforeSeq: number): Promise<Entry[]> {
    const key = `${input.messageGroupUuid} ${beforeSeq} ${input.limit}`;
    const known = older.get(key);
    if (!known) await turnStrangersAway(input);
    const page = known ?? (await read(input, beforeSeq - 1));
    if (!known && page.at(-1)?.seq === beforeSeq - 1) older.set(key, page);
    await admit(input);
    return page;
  }

  async function read({ messageGroupUuid, limit }: PageInput, to: number | undefined): Promise<Entry[]> {
    const page = await entries.range(table, messageGroupUuid, { to, order: 'descending', limit });
    return page.entries.reverse();
  }

  const nameOf = ({ messageGroupUuid, userUuid }: PageInput) => `${messageGroupUuid} ${userUuid}`;

  async function admit(input: PageInput) {
    if (await get(memberKey(input.messageGroupUuid, input.userUuid))) seen.set(nameOf(input), true);
    else {
      seen.delete(nameOf(input));
      throw new AppError('message_group_not_found');
    }
  }

  async function turnStrangersAway(input: PageInput) {
    if (!seen.has(nameOf(input))) await admit(input);
  }

  /** Takes an entry that this node wrote or heard of, if it follows what is remembered. */
  function observe(entry: Entry) {
    const uuid = entry.message_group_uuid;
    const known = runs.peek(uuid)?.entries;
    if (!known || known.at(-1)?.seq !== entry.seq - 1) return;
    const extended = known.length < runLength ? [...known, entry] : [...known.slice(1), entry];
    runs.set(uuid, { entries: extended }, { ttl: Math.max(1, runs.getRemainingTTL(uuid)) });
  }

  return { list, observe };
}

/** Whether so many newest entries are there, or all that the log has. */
const holds = (known: Entry[], limit: number) => known.length >= limit || known[0]?.seq === 1;

const bytesOf = (page: Entry[]) => page.reduce((sum, { message }) => sum + 700 + 2 * message.length, 100);

import { AppError } from '../errors.ts';
import type { Table } from '../table/client.ts';
import { entryKey, memberKey } from '../table/keys.ts';
import { createGets } from '../table/read.ts';
import type { Entry } from './entries.ts';
import * as entries from './entries.ts';
import { createRememberedPages, fillPage, maxNewest } from './remembered-pages.ts';

/*
 * Pages of logs, with a cache. An entry never changes except when its text is erased, so a cached entry stays correct.
 * Two facts may change. They are read for every page, and many pages share one request:
 *
 * 1. Is the caller a member? This is read after the page, so that a removal during the read counts. If the page is not
 *    cached and the caller was not a member here within the last minute, it is also read first. So a stranger cannot
 *    make a node read a page, and cannot learn from the time of the answer whether the conversation exists.
 * 2. For the newest page: is there an entry after the newest cached one? If not, the cached page is as current as a
 *    consistent read. Otherwise the newer entries are read.
 *
 * Nothing is cached for longer than a minute, because erased texts must be gone everywhere by then.
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
  /** The approximate memory for cached entries. */
  maxBytes?: number;
  maxAgeMs?: number;
};

export function createPages(table: Table, { maxBytes = 32 * 2 ** 20, maxAgeMs = 60_000 }: PagesOptions = {}) {
  const get = createGets(table);
  const remembered = createRememberedPages({ maxBytes, maxAgeMs });
  const { older, memberships } = remembered;

  /**
   * A page of a conversation's log, oldest entry first: the newest page, the one before `beforeSeq`, or the one after
   * `afterSeq`. `hasMore` says whether more entries follow in that direction. Throws `message_group_not_found` if the
   * caller is not a member. Cached: 2 read units for the newest page, 1 for a page before a seq. Not cached: 1, and 1
   * for each 4 KB, and 1 more if the caller was not a member here within the last minute.
   */
  async function list(input: PageInput): Promise<Page> {
    if (input.afterSeq !== undefined) return listAfter(input, input.afterSeq);
    const page = input.beforeSeq === undefined ? await newest(input) : await before(input, input.beforeSeq);
    // Numbers start at 1 without gaps, so the page itself shows whether older entries exist.
    return { entries: page, hasMore: (page[0]?.seq ?? 1) > 1 };
  }

  async function listAfter(input: PageInput, afterSeq: number): Promise<Page> {
    const { messageGroupUuid, beforeSeq, limit } = input;
    const to = beforeSeq === undefined ? undefined : beforeSeq - 1;
    await refuseStrangers(input);
    const range = { from: afterSeq + 1, to, order: 'ascending', limit } as const;
    const page = await entries.range(table, messageGroupUuid, range);
    await admit(input);
    return { entries: page.entries, hasMore: !page.isComplete };
  }

  async function newest(input: PageInput): Promise<Entry[]> {
    const { messageGroupUuid, limit } = input;
    const known = remembered.newest(messageGroupUuid);
    const last = known?.at(-1);
    if (!known || !last || !fillPage(known, limit)) {
      await refuseStrangers(input);
      const page = await readPage(table, input, undefined);
      remembered.setNewest(messageGroupUuid, page);
      await admit(input);
      return page;
    }
    const [next] = await Promise.all([get(entryKey(messageGroupUuid, last.seq + 1)), admit(input)]);
    if (!next) return known.slice(-limit);
    const newer = await entries.range(table, messageGroupUuid, {
      from: last.seq + 1,
      order: 'ascending',
      limit: maxNewest,
    });
    if (!newer.isComplete || newer.entries.length === maxNewest) remembered.forgetNewest(messageGroupUuid);
    else for (const entry of newer.entries) remembered.observe(entry);
    const page = newer.isComplete
      ? [...known, ...newer.entries].slice(-limit)
      : await readPage(table, input, undefined);
    await admit(input);
    return page;
  }

  async function before(input: PageInput, beforeSeq: number): Promise<Entry[]> {
    const key = `${input.messageGroupUuid} ${beforeSeq} ${input.limit}`;
    const known = older.get(key);
    if (!known) await refuseStrangers(input);
    const page = known ?? (await readPage(table, input, beforeSeq - 1));
    if (!known && page.at(-1)?.seq === beforeSeq - 1) older.set(key, page);
    await admit(input);
    return page;
  }

  async function admit(input: PageInput) {
    if (await get(memberKey(input.messageGroupUuid, input.userUuid))) memberships.set(nameOf(input), true);
    else {
      memberships.delete(nameOf(input));
      throw new AppError('message_group_not_found');
    }
  }

  async function refuseStrangers(input: PageInput) {
    if (!memberships.has(nameOf(input))) await admit(input);
  }

  return { list, observe: remembered.observe };
}

async function readPage(table: Table, { messageGroupUuid, limit }: PageInput, to: number | undefined) {
  const page = await entries.range(table, messageGroupUuid, { to, order: 'descending', limit });
  return page.entries.reverse();
}

const nameOf = ({ messageGroupUuid, userUuid }: PageInput) => `${messageGroupUuid} ${userUuid}`;

import type { Table } from '../../table/client.ts';
import type { Entry } from '../entries.ts';
import * as entries from '../entries.ts';
import type { Conversation } from './conversation.ts';
import type { AppendRequest } from './job.ts';
import { advance, coversWindow, createTail, extend, load, type Tail } from './tail.ts';

/** Entries that a turn may read at once while the conversation's other senders wait. */
export const maxReadInTurn = 1_000;

/** Reads a tail from the table: what is newer than the sender knew if that is little, else the newest entry. */
export async function loadTail(table: Table, uuid: string, request?: AppendRequest): Promise<Tail> {
  const tail = createTail(uuid);
  const { idempotencyKey, knownSeq } = request?.append ?? {};
  if (idempotencyKey !== undefined && knownSeq) {
    const page = await entries.range(table, uuid, {
      from: knownSeq,
      order: 'ascending',
      limit: maxReadInTurn,
    });
    if (page.isComplete) load(tail, page.entries);
  }
  if (tail.seq === 0)
    load(tail, (await entries.range(table, uuid, { order: 'descending', limit: 1 })).entries);
  return tail;
}

/**
 * Reads what is newer, all of it or nothing: an entry must not slip past the search for one's own. Those can only
 * be at the numbers that were tried, the next ones; a tail that lags by more than a page is loaded again.
 */
export async function catchUp(table: Table, conversation: Conversation): Promise<Entry[]> {
  conversation.tail ??= await loadTail(table, conversation.uuid);
  const { tail } = conversation;
  const newer = await entries.range(table, tail.uuid, {
    from: tail.seq + 1,
    order: 'ascending',
    limit: maxReadInTurn,
  });
  if (newer.isComplete) for (const entry of newer.entries) advance(tail, entry);
  else conversation.tail = await loadTail(table, conversation.uuid);
  return newer.entries;
}

/** Reads back until the tail holds the keys of the last 200 entries or 10 minutes, whichever is more. */
export async function coverWindow(table: Table, tail: Tail) {
  for (let limit: number | undefined = 200; !coversWindow(tail, table.clock.now()); limit = undefined) {
    const to = tail.coveredFrom - 1;
    const page = await entries.range(table, tail.uuid, { to, order: 'descending', limit });
    extend(tail, page.entries);
  }
}

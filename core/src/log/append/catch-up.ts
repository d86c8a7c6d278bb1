import type { Table } from '../../table/client.ts';
import type { Entry } from '../entries.ts';
import * as entries from '../entries.ts';
import type { ActiveConversation } from './active-conversation.ts';
import type { AppendRequest } from './job.ts';
import { advance, coversWindow, createTail, extend, load, type Tail } from './tail.ts';

/** The most entries that a turn reads at once, because the conversation's other senders wait for it. */
export const maxReadInTurn = 1_000;

/** Reads a tail: the entries from the sender's `knownSeq` on if there are at most 1,000, and else the newest entry. */
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
 * Reads the entries after the tail, applies them and returns them. If they are more than one page, the tail is loaded
 * again, and the first page is returned. That page is enough to find one's own entries, because they can only have the
 * numbers directly after the tail.
 */
export async function catchUp(table: Table, conversation: ActiveConversation): Promise<Entry[]> {
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

/** Reads earlier entries until the tail holds the keys of the last 200 entries or 10 minutes, whichever is more. */
export async function coverWindow(table: Table, tail: Tail) {
  for (let limit: number | undefined = 200; !coversWindow(tail, table.clock.now()); limit = undefined) {
    const to = tail.coveredFrom - 1;
    const page = await entries.range(table, tail.uuid, { to, order: 'descending', limit });
    extend(tail, page.entries);
  }
}

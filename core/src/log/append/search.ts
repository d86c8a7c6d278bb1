import pLimit from 'p-limit';
import { AppError } from '../../errors.ts';
import type { Table } from '../../table/client.ts';
import { isTransientFault } from '../../table/faults.ts';
import type { Entry } from '../entries.ts';
import * as entries from '../entries.ts';
import { coverWindow, maxReadInTurn } from './catch-up.ts';
import { type AppendJob, type AppendRequest, refuse } from './job.ts';
import { answerRepeat } from './repeat.ts';
import { seqOfKey, type Tail } from './tail.ts';

/** Searches outside the queue: how many a node runs at a time, and how long each may take. */
const maxSearchesAside = 2;
const asideDeadlineMs = 30_000;

/**
 * The entry that the same sender wrote with the same key. Searches back to `knownSeq`, or over the idempotency window
 * if the request has none.
 */
export async function findEarlier(
  table: Table,
  tail: Tail,
  request: AppendRequest,
): Promise<Entry | undefined> {
  const { sender, idempotencyKey, knownSeq, messageGroupUuid } = request.append;
  if (idempotencyKey === undefined) return undefined;
  if (knownSeq === undefined) await coverWindow(table, tail);
  const seq = seqOfKey(tail, sender.uuid, idempotencyKey);
  if (seq !== undefined) return entries.get(table, messageGroupUuid, seq);
  return knownSeq === undefined ? undefined : search(table, request, { to: tail.coveredFrom - 1 });
}

/** Searches the log for an earlier send with the same key, from where the last search of this request ended. */
async function search(
  table: Table,
  request: AppendRequest,
  { to, deadline = Infinity }: { to?: number; deadline?: number },
): Promise<Entry | undefined> {
  const { sender, idempotencyKey, knownSeq = 0, messageGroupUuid } = request.append;
  const from = (request.searchedTo ?? knownSeq) + 1;
  for await (const page of entries.pages(table, messageGroupUuid, { from, to, order: 'ascending' })) {
    const found = page.find(
      (entry) => entry.user_uuid === sender.uuid && entry.idempotency_key === idempotencyKey,
    );
    if (found) return found;
    request.searchedTo = page.at(-1)?.seq ?? request.searchedTo;
    if (performance.now() > deadline) throw new AppError('busy');
  }
  return undefined;
}

/** Whether the search for a request's key is too long to run within a turn. */
export function isFarBehind({ coveredFrom }: Pick<Tail, 'coveredFrom'>, request: AppendRequest): boolean {
  const { append, searchedTo } = request;
  if (append.idempotencyKey === undefined || append.knownSeq === undefined) return false;
  return coveredFrom - (searchedTo ?? append.knownSeq) > maxReadInTurn;
}

/**
 * Runs a search of many pages outside the conversation's queue, so that other jobs need not wait. Afterwards the job is
 * answered, or enqueued again. A second search of the same person is rejected with `busy`.
 */
export function createSearchAside(table: Table, enqueueAgain: (job: AppendJob) => void) {
  const searching = new Set<string>();
  const limit = pLimit(maxSearchesAside);

  return async function searchAside(job: AppendJob) {
    const { sender } = job.append;
    job.isOpen = false;
    clearTimeout(job.timer);
    const reopened = { ...job, isOpen: true };
    if (searching.has(sender.uuid)) return refuse(reopened, new AppError('busy'));
    searching.add(sender.uuid);
    try {
      const earlier = await limit(() =>
        search(table, reopened, { deadline: performance.now() + asideDeadlineMs }),
      );
      if (!earlier) enqueueAgain(reopened);
      else await answerRepeat(table, reopened, earlier);
    } catch (error) {
      refuse(reopened, isTransientFault(error) ? new AppError('busy', { cause: error }) : error);
    } finally {
      searching.delete(sender.uuid);
    }
  };
}

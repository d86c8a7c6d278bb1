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

/** Searches aside: how many a node runs at a time, and how long each may take. */
const maxSearchesAside = 2;
const asideDeadlineMs = 30_000;

/** The entry that the same sender wrote with the same key, as far back as the request makes exact. */
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

/** Looks for an earlier send of the same key in the log itself, from where the request was not searched yet. */
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

/** Whether the search for a request's key is too long for a turn. */
export function isFarBehind({ coveredFrom }: Pick<Tail, 'coveredFrom'>, request: AppendRequest): boolean {
  const { append, searchedTo } = request;
  if (append.idempotencyKey === undefined || append.knownSeq === undefined) return false;
  return coveredFrom - (searchedTo ?? append.knownSeq) > maxReadInTurn;
}

/**
 * A search of many pages leaves the conversation's queue to the other jobs, and enqueues its own again when it is
 * done. A person has one such search at a time.
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

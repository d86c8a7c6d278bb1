import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { isTransientFault } from '../../table/faults.ts';
import type { ActiveConversation, AppendParts } from './active-conversation.ts';
import { attemptAppends } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import { isAppend, type Job, refuse } from './job.ts';
import { answerLanded } from './repeat.ts';
import { attemptTransact } from './transact.ts';

/** Removes the next turn from the queue: either appends that can share a write, or one membership change. */
export function nextTurn(queue: Job[], maxEntries: number): Job[] {
  const exclusive = queue.findIndex(({ kind }) => kind === 'transact');
  return queue.splice(0, exclusive === -1 ? maxEntries : Math.max(1, Math.min(exclusive, maxEntries)));
}

/** Makes attempts until no job of the turn is open. Transient faults are retried until the jobs' deadlines. */
export async function runTurn(parts: AppendParts, conversation: ActiveConversation, jobs: Job[]) {
  // The conversation may have been created since. Only here, because later attempts need the tail to find own entries.
  if (conversation.tail?.seq === 0) conversation.tail = undefined;
  for (let attempt = 0; ; attempt += 1) {
    if (attempt > 1) await backOff(attempt);
    const open = jobs.filter((job) => job.isOpen);
    const [first] = open;
    if (!first) return;
    try {
      if (first.kind === 'transact') await attemptTransact(parts, conversation, first);
      else await attemptAppends(parts, conversation, open.filter(isAppend));
    } catch (error) {
      if (isTransientFault(error)) continue;
      if (error instanceof AppError) refuse(first, error);
      else await settleFault(parts, conversation, open, error);
    }
  }
}

/** One bad job must not fail the others: those whose entries were written are answered, the rest run one by one. */
async function settleFault(
  parts: AppendParts,
  conversation: ActiveConversation,
  open: Job[],
  error: unknown,
) {
  try {
    if (conversation.tail) answerLanded(open.filter(isAppend), await catchUp(parts.table, conversation));
    const alone = open.filter((job) => job.isOpen);
    if (alone.length > 1) for (const job of alone) await runTurn(parts, conversation, [job]);
    else for (const job of alone) refuse(job, error);
  } catch {
    for (const job of open) refuse(job, error);
  }
}

/** Waits up to 100 ms before the third attempt, doubling to at most 400 ms, with full jitter. */
const backOff = (attempt: number) => sleep(Math.random() * Math.min(400, 25 * 2 ** attempt));

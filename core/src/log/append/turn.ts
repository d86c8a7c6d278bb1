import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { isTransientFault } from '../../table/faults.ts';
import { attemptAppends } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import type { AppendParts, Conversation } from './conversation.ts';
import { isAppend, type Job, refuse } from './job.ts';
import { answerLanded } from './repeat.ts';
import { attemptTransact } from './transact.ts';

/** Removes the next turn from the queue: the first job, and the appends behind it that may share its write. */
export function nextTurn(queue: Job[], maxEntries: number): Job[] {
  const exclusive = queue.findIndex(({ kind }) => kind === 'transact');
  return queue.splice(0, exclusive === -1 ? maxEntries : Math.max(1, Math.min(exclusive, maxEntries)));
}

/** Tries until every job of the turn is answered. Faults of the engine are tried again until a job's time is up. */
export async function runTurn(parts: AppendParts, conversation: Conversation, jobs: Job[]) {
  // What did not exist may exist by now. Later in the turn, one's own entries are found by its tail.
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

/** A job at fault must not fail its neighbours: those that were written all the same are answered, the others go alone. */
async function settleFault(parts: AppendParts, conversation: Conversation, open: Job[], error: unknown) {
  try {
    if (conversation.tail) answerLanded(open.filter(isAppend), await catchUp(parts.table, conversation));
    const alone = open.filter((job) => job.isOpen);
    if (alone.length > 1) for (const job of alone) await runTurn(parts, conversation, [job]);
    else for (const job of alone) refuse(job, error);
  } catch {
    for (const job of open) refuse(job, error);
  }
}

/** Exponential with full jitter: 25 ms at first, 400 ms at most. */
const backOff = (attempt: number) => sleep(Math.random() * Math.min(400, 25 * 2 ** attempt));

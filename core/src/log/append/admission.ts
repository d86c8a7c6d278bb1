import { AppError } from '../../errors.ts';
import type { Table } from '../../table/client.ts';
import * as members from '../members.ts';
import type { ActiveConversation, AppendParts } from './active-conversation.ts';
import { catchUp } from './catch-up.ts';
import { type AppendJob, refuse } from './job.ts';
import { answerLanded, answerRepeat } from './repeat.ts';
import { findEarlier, isFarBehind } from './search.ts';
import type { Tail } from './tail.ts';

/**
 * Returns the jobs to append now: their senders are members and have not sent the same before. Of the others, some are
 * answered, and the rest stay open for the next attempt.
 */
export async function admit(
  { table, searchAside }: Pick<AppendParts, 'table' | 'searchAside'>,
  conversation: ActiveConversation,
  tail: Tail,
  jobs: AppendJob[],
): Promise<AppendJob[]> {
  const ready: AppendJob[] = [];
  const keys = new Set<string>();
  for (const job of jobs) {
    const { sender, idempotencyKey } = job.append;
    const scopedKey = `${sender.uuid} ${idempotencyKey}`;
    if (idempotencyKey !== undefined && keys.has(scopedKey)) continue;
    const isMember = await findMember(table, tail, sender.uuid);
    if (isMember && tail.removed.has(sender.uuid)) {
      // Either the person was added again and this tail has not seen it, or they were just removed and their member item
      // still exists for a moment.
      answerLanded(jobs, await catchUp(table, conversation));
      if (conversation.tail?.removed.has(sender.uuid)) refuse(job, new AppError('message_group_not_found'));
      // The tail has changed, so the other jobs must be checked again.
      return [];
    }
    if (!isMember) refuse(job, new AppError('message_group_not_found'));
    else if (isFarBehind(tail, job)) void searchAside(job);
    else {
      const earlier = await findEarlier(table, tail, job);
      if (!earlier) ready.push(job);
      else await answerRepeat(table, job, earlier);
      keys.add(scopedKey);
    }
  }
  return ready;
}

/**
 * Only membership is remembered in the tail. A remembered non-membership could be out of date, and no refused append
 * would show it. The member is read even if the conversation does not exist, so that a stranger cannot tell the
 * difference by the time of the answer.
 */
async function findMember(table: Table, tail: Tail, userUuid: string): Promise<boolean> {
  if (tail.members.has(userUuid)) return true;
  // A large import writes the members before the group, and nobody may post until both exist.
  if (tail.isLarge && !(await members.group(table, tail.uuid))) return false;
  const member = await members.get(table, tail.uuid, userUuid);
  if (tail.seq === 0 || !member) return false;
  if (!tail.removed.has(userUuid)) tail.members.add(userUuid);
  return true;
}

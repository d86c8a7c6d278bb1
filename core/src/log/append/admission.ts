import { AppError } from '../../errors.ts';
import type { Table } from '../../table/client.ts';
import * as members from '../members.ts';
import { catchUp } from './catch-up.ts';
import type { AppendParts, Conversation } from './conversation.ts';
import { type AppendJob, refuse } from './job.ts';
import { answerLanded, answerRepeat } from './repeat.ts';
import { findEarlier, isFarBehind } from './search.ts';
import type { Tail } from './tail.ts';

/** The jobs to append now: of members who have not sent the same before. The others are answered, or wait for a try. */
export async function admit(
  { table, searchAside }: Pick<AppendParts, 'table' | 'searchAside'>,
  conversation: Conversation,
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
      // Either this tail has not seen that they were added again, or they were removed this instant and the member
      // item is about to go.
      answerLanded(jobs, await catchUp(table, conversation));
      if (conversation.tail?.removed.has(sender.uuid)) refuse(job, new AppError('message_group_not_found'));
      // The other jobs were judged by the tail before it moved.
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
 * Only a yes is remembered: a no may be out of date, and no append would be refused to show it. A conversation that
 * does not exist is looked up all the same, so that a stranger's answer takes as long as for one that does.
 */
async function findMember(table: Table, tail: Tail, userUuid: string): Promise<boolean> {
  if (tail.members.has(userUuid)) return true;
  // The members of a large import are there before its group.
  if (tail.isLarge && !(await members.group(table, tail.uuid))) return false;
  const member = await members.get(table, tail.uuid, userUuid);
  if (tail.seq === 0 || !member) return false;
  if (!tail.removed.has(userUuid)) tail.members.add(userUuid);
  return true;
}

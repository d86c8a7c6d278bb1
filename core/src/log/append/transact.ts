import { randomUUID } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../../table/client.ts';
import { isTransientFault } from '../../table/faults.ts';
import { type Entry, largeGroupMembers } from '../entries.ts';
import type { ActiveConversation, AppendParts } from './active-conversation.ts';
import { putIfFree, refusalOf } from './append-writer.ts';
import { catchUp, loadTail } from './catch-up.ts';
import { answer, type TransactItem, type TransactJob } from './job.ts';
import { nextEntry, timestamp } from './next-entry.ts';
import { advance } from './tail.ts';

/** Makes one attempt of a membership change. If the job stays open, it needs another. */
export async function attemptTransact(
  { table, onAppend }: Pick<AppendParts, 'table' | 'onAppend'>,
  conversation: ActiveConversation,
  job: TransactJob,
) {
  conversation.tail ??= await loadTail(table, conversation.uuid);
  const newer = await catchUp(table, conversation);
  const landed = newer.findIndex(({ message_uuid }) => message_uuid === job.messageUuid);
  if (landed >= 0) return answer(job, job.result?.(newer.slice(landed)));
  const tail = conversation.tail;
  const plan = await job.plan({ seq: tail.seq, now: timestamp(table.clock.now(), tail) });
  if ('answer' in plan) return answer(job, plan.answer);
  job.result = plan.result;
  const isLarge = plan.memberCount > largeGroupMembers;
  const createdAt = timestamp(table.clock.now(), tail);
  const written = plan.drafts.map((draft, index) => {
    const messageUuid = index === 0 ? job.messageUuid : randomUUID();
    return nextEntry(tail, index + 1, draft, { messageUuid, createdAt, isLarge });
  });
  if (!(await isTransactionWritten(table, written, plan.items(written)))) return;
  for (const entry of written) advance(tail, entry);
  onAppend?.(written);
  answer(job, plan.result(written));
}

/** False if the transaction was refused or its answer was lost. The next attempt reads in the log which it was. */
async function isTransactionWritten(table: Table, written: Entry[], items: TransactItem[]) {
  const TransactItems = [...written.map((entry) => putIfFree(table, entry)), ...items];
  try {
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && refusalOf(error)) return false;
    if (isTransientFault(error)) return false;
    throw error;
  }
}

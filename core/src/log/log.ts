import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Table } from '../table/client.ts';
import { isTransientFault } from '../table/faults.ts';
import type { WriteBatch } from '../table/statements.ts';
import type { AppendParts } from './append/active-conversation.ts';
import { createAppendWriter } from './append/append-writer.ts';
import type { Append, LogEnd, Plan } from './append/job.ts';
import { createQueues } from './append/queue.ts';
import { createSearchAside } from './append/search.ts';
import { runTurn } from './append/turn.ts';
import type { Entry } from './entries.ts';
import * as members from './members.ts';

export type { Append, Draft, LogEnd, Plan, TransactItem } from './append/job.ts';

/*
 * Append: write entry N+1 on condition that it does not exist, after having read every entry up to N.
 *
 * 1. A node stores the tail of each active conversation: its newest position, the keys of its newest entries, and who
 *    was found to be a member (tail.ts). Sends of one conversation go through its queue, turn by turn (queue.ts,
 *    turn.ts).
 * 2. A send looks its idempotency key up in the tail, checks its sender (admission.ts), and writes the next number
 *    (attempt.ts, append-writer.ts).
 * 3. If another node was faster, the table refuses the write. The node then reads the newer entries (catch-up.ts) and
 *    starts again at 2. A membership entry among them clears the known members, so nothing is appended after its
 *    sender's removal. For its next appends the node reads newer entries first: while two nodes write to a
 *    conversation, that costs a read instead of a refused write and the same read.
 * 4. After a refusal or a lost answer, the write may still have succeeded. Then its message_uuid is among the newer
 *    entries (repeat.ts).
 * 5. A membership change is a transaction with the next entry, in the same queue, by the same rule (transact.ts).
 */

export type LogOptions = {
  batch: WriteBatch;
  /** Called with the entries of each write as soon as it is acknowledged. */
  onAppend?: (written: Entry[]) => void;
  /** Called for an append that the table did not accept in time. */
  onGivenUp?: () => void;
  /** How long an append is tried before it is answered `busy`. */
  deadlineMs?: number;
  /** The approximate memory for tails. */
  maxTailBytes?: number;
  /** The most appends and changes that may wait or run. Further ones are answered `busy` at once. */
  maxJobs?: number;
};

export type Log = {
  table: Table;
  /** Appends a message. Rejects with `message_group_not_found`, `idempotency_conflict` or `busy`. */
  append(append: Append): Promise<Entry>;
  /** Changes a conversation's members or title together with its next entries; `plan` may run several times. */
  transact<T>(messageGroupUuid: string, plan: (end: LogEnd) => Promise<Plan<T>>): Promise<T>;
  /** Advances the tail by an entry that another node wrote, so that the next append is not refused. */
  observe(entry: Entry): void;
};

export function createLog(table: Table, options: LogOptions): Log {
  const {
    batch,
    onAppend,
    onGivenUp,
    deadlineMs = 5_000,
    maxTailBytes = 64 * 2 ** 20,
    maxJobs = 5_000,
  } = options;
  const writer = createAppendWriter(table, batch);
  const queues = createQueues({
    runTurn: (conversation, jobs) => runTurn(parts, conversation, jobs),
    maxEntries: writer.maxEntries,
    ...{ onGivenUp, deadlineMs, maxTailBytes, maxJobs },
  });
  const searchAside = createSearchAside(table, (job) => queues.join(job.append.messageGroupUuid, job));
  const parts: AppendParts = { table, writer, searchAside, onAppend };

  /** Checked first if this node has no tail of the conversation, so that a stranger cannot make it read a log. */
  async function isStranger({ messageGroupUuid, sender }: Append): Promise<boolean> {
    if (queues.has(messageGroupUuid)) return false;
    try {
      return (await members.get(table, messageGroupUuid, sender.uuid)) === undefined;
    } catch (error) {
      if (isTransientFault(error)) return false;
      throw error;
    }
  }

  return {
    table,
    async append(append) {
      if (await isStranger(append)) throw new AppError('message_group_not_found');
      return queues.enqueue(append.messageGroupUuid, { kind: 'append', append, messageUuid: randomUUID() });
    },
    transact: (uuid, plan) => queues.enqueue(uuid, { kind: 'transact', plan, messageUuid: randomUUID() }),
    observe: queues.observe,
  };
}

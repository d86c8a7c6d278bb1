import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../../table/client.ts';
import { isRetryableCode, isTransientFault } from '../../table/faults.ts';
import type { WriteBatch } from '../../table/statements.ts';
import { type Entry, entryItem } from '../entries.ts';

/**
 * The outcome of a write.
 * - `refused`: one of its numbers is taken. An earlier attempt of this write may have taken it, if its answer was lost.
 * - `unknown`: only a read of the log shows whether it was written.
 * - `postponed`: this request did not write it. It can be retried with the same numbers. They may be taken by then, if
 *   an earlier attempt whose answer was lost is still in progress.
 */
export type Outcome = 'written' | 'refused' | 'unknown' | 'postponed';

/** Writes consecutive entries of one conversation, all or none, on condition that every number is free. */
export type AppendWriter = {
  maxEntries: number;
  write(entries: Entry[]): Promise<Outcome>;
};

type Write = { entries: Entry[]; settle: (outcome: Outcome) => void; fail: (error: unknown) => void };

/** The most requests in flight. Writes that arrive meanwhile wait, and share the next request. */
const maxInFlight = { statements: 8, transactions: 2 };
const maxBatchEntries = { statements: 25, transactions: 100 };
/**
 * The most entries of one conversation in a request. A batch of statements may hold only one, because in such a batch
 * the first entry could fail and the second succeed.
 */
const maxEntriesPerWrite = { statements: 1, transactions: 25 };

/** Combines the writes of many conversations into few requests. */
export function createAppendWriter(table: Table, kind: WriteBatch): AppendWriter {
  const send = kind === 'statements' ? sendStatements : sendTransaction;
  const waiting: Write[] = [];
  let inFlight = 0;
  let isScheduled = false;

  function schedule() {
    if (isScheduled || waiting.length === 0 || inFlight >= maxInFlight[kind]) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      void flush();
    });
  }

  async function flush() {
    const batch = takeBatch(waiting, maxBatchEntries[kind]);
    inFlight += 1;
    schedule();
    await writeBatch(batch);
    inFlight -= 1;
    schedule();
  }

  /**
   * Sends a batch. If it fails as a whole, each write is sent alone, so that one bad write does not fail the others.
   */
  async function writeBatch(batch: Write[]): Promise<void> {
    try {
      const outcomes = await send(
        table,
        batch.map(({ entries }) => entries),
      );
      for (const [index, write] of batch.entries()) {
        const outcome = outcomes[index] ?? 'unknown';
        if (outcome instanceof Error) write.fail(outcome);
        else write.settle(outcome);
      }
    } catch (error) {
      if (batch.length > 1) await Promise.all(batch.map((write) => writeBatch([write])));
      else if (isTransientFault(error)) batch[0]?.settle('unknown');
      else batch[0]?.fail(error);
    }
  }

  return {
    maxEntries: maxEntriesPerWrite[kind],
    write(entries) {
      return new Promise((settle, fail) => {
        waiting.push({ entries, settle, fail });
        schedule();
      });
    },
  };
}

/** Removes from the front as many whole writes as fit into one request. */
function takeBatch(waiting: Write[], maxEntries: number): Write[] {
  let [count, size] = [0, 0];
  for (const { entries } of waiting) {
    size += entries.length;
    if (count > 0 && size > maxEntries) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function sendStatements(table: Table, writes: Entry[][]): Promise<(Outcome | Error)[]> {
  const { Responses = [] } = await table.doc.send(
    new BatchExecuteStatementCommand({
      Statements: writes.flat().map((entry) => insertStatement(table, entry)),
    }),
  );
  return writes.map((_, index) => {
    const response = Responses[index];
    if (!response) return 'unknown';
    if (!response.Error) return 'written';
    const { Code, Message } = response.Error;
    if (Code === 'DuplicateItem') return 'refused';
    if (Code === 'InternalServerError') return 'unknown';
    if (isRetryableCode(Code)) return 'postponed';
    return new Error(`the table refused a statement: ${Code}: ${Message}`);
  });
}

/** A PartiQL INSERT needs no condition: it fails with `DuplicateItem` if the key is taken. 1 write unit for each KB. */
function insertStatement(table: Table, entry: Entry) {
  const item = Object.entries(entryItem(entry)).filter(([, value]) => value !== undefined);
  const attributes = item.map(([name]) => `'${name}':?`).join(',');
  return {
    Statement: `INSERT INTO "${table.name}" VALUE {${attributes}}`,
    Parameters: item.map(([, value]) => value),
  };
}

/** A cancelled transaction names the items at fault. Their writes get an outcome, and the others are sent again. */
async function sendTransaction(table: Table, writes: Entry[][]): Promise<(Outcome | Error)[]> {
  const TransactItems = writes.flat().map((entry) => putIfFree(table, entry));
  try {
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
    return writes.map(() => 'written');
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    let first = 0;
    const outcomes = writes.map((entries) => {
      const codes = cancellationCodes(error).slice(first, first + entries.length);
      first += entries.length;
      return refusal(codes);
    });
    if (outcomes.every((outcome) => outcome === undefined)) throw error;
    const others = writes.filter((_, index) => outcomes[index] === undefined);
    const outcomesOfOthers = others.length > 0 ? await sendTransaction(table, others) : [];
    return outcomes.map((outcome) => outcome ?? outcomesOfOthers.shift() ?? 'unknown');
  }
}

/** Puts an entry on condition that its number is free. This condition keeps a log without gaps. */
export function putIfFree(table: Table, entry: Entry) {
  return {
    Put: { TableName: table.name, Item: entryItem(entry), ConditionExpression: 'attribute_not_exists(pk)' },
  };
}

const cancellationCodes = (error: TransactionCanceledException) =>
  error.CancellationReasons?.map(({ Code }) => Code) ?? [];

function refusal(codes: (string | undefined)[]): Outcome | undefined {
  if (codes.includes('ConditionalCheckFailed')) return 'refused';
  if (codes.some(isRetryableCode)) return 'postponed';
  return undefined;
}

/** The outcome of a cancelled transaction. Undefined if the request itself is at fault. */
export const refusalOf = (error: TransactionCanceledException) => refusal(cancellationCodes(error));

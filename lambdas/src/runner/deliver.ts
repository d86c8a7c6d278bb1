import { setTimeout as sleep } from 'node:timers/promises';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import type { Table } from '@parley/core/table/client';
import { isTransientFault } from '@parley/core/table/faults';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Logger } from 'pino';
import type { Attempts } from './attempts.ts';
import type { EventSource } from './event-sources.ts';
import type { HeldLease } from './held-lease.ts';
import { invoke } from './invoke.ts';
import { halves, type Part, partsOf, type Step, stepAfter } from './next-attempt.ts';
import { lastBefore, numberOf, writtenAtMs } from './sequence-numbers.ts';
import type { Shard } from './shards.ts';

/*
 * Delivers a batch to the handler until each of its records is done or a dead letter, with the semantics of a Lambda
 * event source mapping that bisects and accepts partial responses:
 *
 * 1. A partial response names the records that failed. Everything before the first of them is done; the rest is
 *    delivered again. Progress resets the count of attempts.
 * 2. If the handler throws, the batch is halved, down to the record at fault. If a batch makes no progress, its first
 *    record is delivered alone. Splitting does not count as an attempt. Parts are delivered in the stream's order.
 * 3. A single record gets `maxAttempts` attempts, with backoff and full jitter. Then it becomes a dead letter, as does
 *    a record older than `maxRecordAgeMs`. Other waiting records are delivered between its second and third attempt.
 * 4. If the table fails, the delivery is retried for as long as that lasts, and no attempt is counted.
 * 5. From the second attempt of a record on, each is written to the lease before it is made, so that the next runner
 *    continues the count. A runner that took over from a dead one also writes its first deliveries of whole batches. So
 *    a batch that kills every runner is halved by each of them, down to the record at fault.
 */

const firstRetryMs = 50;
const maxRetryMs = 10_000;
const unsureRetryMs = 200;

export type DeliveryContext = {
  table: Table;
  lease: HeldLease;
  logger: Logger;
  signal: AbortSignal;
  source: EventSource;
  attempts: Attempts;
  /** The records to deliver may have killed the previous runner. */
  isCautious: boolean;
  /** Writes the attempts to the lease. Returns false if this runner may no longer hold it. */
  writeProgress: () => Promise<boolean>;
  /** Called with a sequence number when all records up to it are done. */
  onProgress: (doneTo: string) => void;
  onDeadLetter: () => void;
};

/** Resolves to false if it was aborted, or the lease lost, before all records were done. */
export async function deliver(
  context: DeliveryContext,
  shard: Shard,
  batch: DynamoDBRecord[],
): Promise<boolean> {
  const parts = partsOf(context.attempts, batch);
  for (let part = parts.shift(); part; part = parts.shift()) {
    const remaining = await deliverPart(context, shard, part, parts.length > 0);
    if (!remaining) return false;
    parts.unshift(...remaining.next.map((records) => ({ records, attempt: 1 })));
    if (remaining.last) parts.push(remaining.last);
    const undone = parts.flatMap(({ records }) => records);
    const done = undone.length > 0 && lastBefore(batch, undone);
    if (done) context.onProgress(done);
  }
  return true;
}

/** The remaining records of a part: `next` is delivered before the waiting parts, `last` after them. */
type Remaining = { next: DynamoDBRecord[][]; last?: Part };
const nothing: Remaining = { next: [] };

/** Resolves to undefined if delivery must end. */
async function deliverPart(
  context: DeliveryContext,
  shard: Shard,
  { records, attempt }: Part,
  doOthersWait: boolean,
): Promise<Remaining | undefined> {
  const { source, logger, signal, attempts } = context;
  const [first, ...others] = records;
  if (!first) return nothing;
  const from = numberOf(first);
  const isAlone = others.length === 0;
  for (let faults = 0; ; ) {
    if (!(await mayContinue(context))) return undefined;
    const fresh = records.findIndex((record) => !isTooOld(context, record));
    if (fresh !== 0) return giveUpOld(context, shard, records, fresh, attempt - 1);
    if (isAlone && attempt > source.maxAttempts) {
      const cause = new Error('the runner died during the last attempt');
      return giveUp(context, shard, first, { attempts: attempt - 1, cause, mayExist: true });
    }
    const isCounted = context.isCautious || (isAlone && attempt > 1);
    if (isCounted) {
      attempts.start({ from, records: records.length, attempts: isAlone ? attempt : 0 });
      if (!(await mayContinue(context, context.writeProgress))) return undefined;
    }
    const { failedFrom, error } = await invoke(source, records);
    if (failedFrom !== 0) attempts.forget(from);
    if (failedFrom === undefined) return nothing;
    const failed = records.length - failedFrom;
    logger.warn({ source: source.name, attempt, failed, err: error }, 'stream batch failed');
    const step = stepAfter({
      ...{ records: records.length, failedFrom, attempt, maxAttempts: source.maxAttempts, doOthersWait },
      ...{ hasThrown: Boolean(error), isTransient: isTransientFault(error) },
    });
    if (step === 'dead-letter') return giveUp(context, shard, first, { attempts: attempt, cause: error });
    const remaining = remainingAfter(step, records, attempt, failedFrom);
    if (remaining && step !== 'rest') return remaining;
    if (step === 'again') attempt += 1;
    if (step === 'uncounted') {
      faults += 1;
      if (isCounted && isAlone) {
        attempts.start({ from, records: 1, attempts: attempt - 1 });
        await context.writeProgress();
      }
    }
    await backoff(signal, step === 'rest' ? 1 : attempt - 1 + faults);
    if (remaining) return remaining;
  }
}

/** Returns undefined if the same records are to be delivered again. */
function remainingAfter(step: Step, records: DynamoDBRecord[], attempt: number, failedFrom: number) {
  if (step === 'rest') return { next: [records.slice(failedFrom)] };
  if (step === 'halves') return { next: halves(records) };
  if (step === 'alone') return { next: [records.slice(0, 1), records.slice(1)] };
  if (step === 'last') return { next: [], last: { records, attempt: attempt + 1 } };
  return undefined;
}

async function backoff(signal: AbortSignal, failures: number) {
  const retryMs = Math.random() * Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 16));
  await sleep(retryMs, undefined, { signal }).catch(() => {});
}

/**
 * Waits until the lease is confirmed, because after a long pause another runner may read this shard. False if aborted.
 */
async function mayContinue(
  { lease, signal }: DeliveryContext,
  isOurs: () => Promise<boolean> = lease.confirm,
): Promise<boolean> {
  while (!signal.aborted) {
    if (await isOurs()) return !signal.aborted;
    await sleep(unsureRetryMs, undefined, { signal }).catch(() => {});
  }
  return false;
}

const isTooOld = ({ table, source }: DeliveryContext, record: DynamoDBRecord) =>
  table.clock.now() - writtenAtMs(record) > source.maxRecordAgeMs;

type Reason = { condition: deadLetters.Condition; attempts: number; cause?: unknown; mayExist?: boolean };

/** Makes dead letters of the records before index `fresh`, or of all records if `fresh` is -1. */
async function giveUpOld(
  context: DeliveryContext,
  shard: Shard,
  records: DynamoDBRecord[],
  fresh: number,
  attempts: number,
): Promise<Remaining | undefined> {
  for (const record of fresh === -1 ? records : records.slice(0, fresh))
    if (!(await putLetter(context, shard, record, { condition: 'RecordAgeExceeded', attempts })))
      return undefined;
  return fresh === -1 ? nothing : { next: [records.slice(fresh)] };
}

async function giveUp(
  context: DeliveryContext,
  shard: Shard,
  record: DynamoDBRecord,
  reason: Omit<Reason, 'condition'>,
): Promise<Remaining | undefined> {
  const isPut = await putLetter(context, shard, record, { condition: 'RetryAttemptsExhausted', ...reason });
  return isPut ? nothing : undefined;
}

/**
 * Tries until the dead letter is written; until then the record is not done. Resolves to false if delivery must end.
 */
async function putLetter(
  context: DeliveryContext,
  { shardId }: Shard,
  record: DynamoDBRecord,
  { condition, attempts, cause, mayExist }: Reason,
): Promise<boolean> {
  const { table, source, logger, signal, onDeadLetter } = context;
  const error = errorOf(context, condition, cause);
  const letter = { consumer: source.name, shardId, record, error, condition, attempts };
  for (let failures = 1; await mayContinue(context); failures += 1) {
    try {
      // The dead runner may have written the letter, with the real error.
      if (mayExist && (await deadLetters.exists(table, letter))) return true;
      await deadLetters.put(table, letter);
      onDeadLetter();
      const { dynamodb: { Keys: keys } = {} } = record;
      logger.error({ source: source.name, keys, condition }, 'stream record became a dead letter');
      return true;
    } catch (err) {
      logger.warn({ source: source.name, shard: shardId, err }, 'dead letter not written, trying again');
      await backoff(signal, failures);
    }
  }
  return false;
}

function errorOf({ source }: DeliveryContext, condition: deadLetters.Condition, cause: unknown): string {
  if (condition === 'RecordAgeExceeded') return `older than ${source.maxRecordAgeMs / 1_000} seconds`;
  return cause instanceof Error ? (cause.stack ?? cause.message) : 'reported by the handler';
}

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
 * Delivers a batch to the handler until each of its records is done or a dead letter, with the semantics of a Lambda event
 * source mapping that bisects and accepts partial responses:
 *
 * 1. A partial response names the records that failed: everything before the first of them is done, the rest is delivered
 *    again. Progress resets the count of attempts.
 * 2. A batch that throws is halved, down to the record at fault. A batch that makes no progress gives its first record up
 *    to a part of its own. Splitting costs no attempt. The parts follow each other in the stream's order.
 * 3. A record alone is tried `maxAttempts` times, with backoff and full jitter, then it is a dead letter. So is a record
 *    older than `maxRecordAgeMs`. If others wait, they are delivered between the second attempt and the third.
 * 4. A fault of the table is not a record's: it is waited for, and does not count.
 * 5. Each further attempt of a record is written to the lease before it is made, so that the next runner continues the
 *    count. A runner that took over from a dead one writes its first deliveries, too, whole batches: a batch that kills
 *    one runner after the other is halved by each of them, down to the record at fault.
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
  /** The runner before this one may have died of the records that are delivered now. */
  isCautious: boolean;
  /** Writes the attempts to the lease. False: it is not certainly ours. */
  writeProgress: () => Promise<boolean>;
  /** Gets the number of the last record before all that are not done. */
  onProgress: (doneTo: string) => void;
  onDeadLetter: () => void;
};

/** Resolves to false if it was aborted or the lease was lost before all was done. */
export async function deliver(
  context: DeliveryContext,
  shard: Shard,
  batch: DynamoDBRecord[],
): Promise<boolean> {
  const parts = partsOf(context.attempts, batch);
  for (let part = parts.shift(); part; part = parts.shift()) {
    const left = await deliverPart(context, shard, part, parts.length > 0);
    if (!left) return false;
    parts.unshift(...left.next.map((records) => ({ records, attempt: 1 })));
    if (left.last) parts.push(left.last);
    const undone = parts.flatMap(({ records }) => records);
    const done = undone.length > 0 && lastBefore(batch, undone);
    if (done) context.onProgress(done);
  }
  return true;
}

/** What is left to deliver of a part: before the parts that wait, and after them. */
type Left = { next: DynamoDBRecord[][]; last?: Part };
const nothing: Left = { next: [] };

/** Resolves to undefined if delivery must end. */
async function deliverPart(
  context: DeliveryContext,
  shard: Shard,
  { records, attempt }: Part,
  doOthersWait: boolean,
): Promise<Left | undefined> {
  const { source, logger, signal, attempts } = context;
  const [first, ...others] = records;
  if (!first) return nothing;
  const from = numberOf(first);
  const isAlone = others.length === 0;
  for (let faults = 0; ; ) {
    if (!(await mayGoOn(context))) return undefined;
    const fresh = records.findIndex((record) => !isTooOld(context, record));
    if (fresh !== 0) return giveUpOld(context, shard, records, fresh, attempt - 1);
    if (isAlone && attempt > source.maxAttempts) {
      const cause = new Error('its runner ended in the last attempt');
      return giveUp(context, shard, first, { attempts: attempt - 1, cause, mayBeDone: true });
    }
    const isCounted = context.isCautious || (isAlone && attempt > 1);
    if (isCounted) {
      attempts.start({ from, records: records.length, attempts: isAlone ? attempt : 0 });
      if (!(await mayGoOn(context, context.writeProgress))) return undefined;
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
    const left = leftAfter(step, records, attempt, failedFrom);
    if (left && step !== 'rest') return left;
    if (step === 'again') attempt += 1;
    if (step === 'uncounted') {
      faults += 1;
      if (isCounted && isAlone) {
        attempts.start({ from, records: 1, attempts: attempt - 1 });
        await context.writeProgress();
      }
    }
    await backoff(signal, step === 'rest' ? 1 : attempt - 1 + faults);
    if (left) return left;
  }
}

/** Undefined: the same records are delivered again. */
function leftAfter(step: Step, records: DynamoDBRecord[], attempt: number, failedFrom: number) {
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

/** Waits until the lease is certainly ours: after a long pause another runner may read this shard. */
async function mayGoOn(
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

type Burial = { condition: deadLetters.Condition; attempts: number; cause?: unknown; mayBeDone?: boolean };

/** Buries the records before the first that is fresh (-1: all of them). */
async function giveUpOld(
  context: DeliveryContext,
  shard: Shard,
  records: DynamoDBRecord[],
  fresh: number,
  attempts: number,
): Promise<Left | undefined> {
  for (const record of fresh === -1 ? records : records.slice(0, fresh))
    if (!(await bury(context, shard, record, { condition: 'RecordAgeExceeded', attempts }))) return undefined;
  return fresh === -1 ? nothing : { next: [records.slice(fresh)] };
}

async function giveUp(
  context: DeliveryContext,
  shard: Shard,
  record: DynamoDBRecord,
  burial: Omit<Burial, 'condition'>,
): Promise<Left | undefined> {
  const isBuried = await bury(context, shard, record, { condition: 'RetryAttemptsExhausted', ...burial });
  return isBuried ? nothing : undefined;
}

/** Resolves to false if delivery must end. Until the letter is written, the record stays where it is. */
async function bury(
  context: DeliveryContext,
  { shardId }: Shard,
  record: DynamoDBRecord,
  { condition, attempts, cause, mayBeDone }: Burial,
): Promise<boolean> {
  const { table, source, logger, signal, onDeadLetter } = context;
  const error = errorOf(context, condition, cause);
  const letter = { consumer: source.name, shardId, record, error, condition, attempts };
  for (let failures = 1; await mayGoOn(context); failures += 1) {
    try {
      // The runner that gave the record up wrote its cause.
      if (mayBeDone && (await deadLetters.exists(table, letter))) return true;
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

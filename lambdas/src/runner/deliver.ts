import { setTimeout as sleep } from 'node:timers/promises';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import { isTransientFault } from '@parley/core/table/faults';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Trials } from './attempts.ts';
import { contextFor } from './deadline.ts';
import type { EventSource } from './event-sources.ts';
import type { ConsumerContext } from './shard-consumer.ts';
import { lastBefore, numberOf } from './shard-reader.ts';
import type { Shard } from './shards.ts';

/*
 * Hands a batch to the handler until each of its records is done or a dead letter, with the semantics of a Lambda event
 * source mapping that bisects and takes partial responses:
 *
 * 1. A partial response names what failed: everything before the first of these is done, the rest is tried again.
 *    Progress starts the attempts anew.
 * 2. A batch that throws is halved, down to the record at fault; one that makes no progress loses its first record to a
 *    batch of its own. Splitting consumes no attempts. The parts follow each other in the stream's order.
 * 3. A record alone is tried `maxAttempts` times, with backoff and full jitter, then it is a dead letter. So is one that
 *    is older than `maxRecordAgeMs`. Where others wait, they come between the second and the third time.
 * 4. A fault of the table is no record's: it is waited for, and does not count.
 * 5. Each further attempt of a record is noted in the lease before it is made, so that a runner that dies leaves the
 *    count to the next. Who takes over from a dead runner notes its first deliveries too, whole batches: what kills one
 *    runner after the other is halved by each of them, and given up in the end like any other record.
 */

const firstRetryMs = 50;
const maxRetryMs = 10_000;
/** Times a batch may report its own first record before that is tried alone, and that before others come first. */
const wholeAttempts = 2;

export type DeliveryContext = Pick<
  ConsumerContext,
  'table' | 'lease' | 'logger' | 'signal' | 'onDeadLetter'
> & {
  source: EventSource;
  trials: Trials;
  /** Whether the runner before this one may have died of what is delivered now. */
  isCautious: boolean;
  /** Writes the trials into the lease. False: it is not certainly ours. */
  note: () => Promise<boolean>;
  /** Told of the last record before all that is not done. */
  onProgress: (doneTo: string) => void;
};

/** Resolves to false where it was aborted or the lease was lost before all was done. */
export async function deliver(
  context: DeliveryContext,
  shard: Shard,
  batch: DynamoDBRecord[],
): Promise<boolean> {
  const parts = partsOf(context, batch);
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

type Part = { records: DynamoDBRecord[]; attempt: number };
/** What is left to be delivered: before the parts that wait, and after them. */
type Left = { next: DynamoDBRecord[][]; last?: Part };
const nothing: Left = { next: [] };

/** A batch as the runner before left it: what it tried is halved, or alone; a record that failed twice comes last. */
function partsOf({ trials }: DeliveryContext, batch: DynamoDBRecord[]): Part[] {
  const cuts = new Set([0]);
  for (const [index, record] of batch.entries()) {
    const { records = 0 } = trials.get(numberOf(record)) ?? {};
    if (records > 0) for (const after of [0, Math.ceil(records / 2), records]) cuts.add(index + after);
  }
  const starts = [...cuts].filter((cut) => cut < batch.length).sort((one, other) => one - other);
  const parts = starts.map((start, index) => {
    const records = batch.slice(start, starts[index + 1]);
    const trial = records.length === 1 && records[0] ? trials.get(numberOf(records[0])) : undefined;
    return { records, attempt: 1 + (trial?.attempts ?? 0) };
  });
  const isLast = ({ attempt }: Part) => attempt > wholeAttempts;
  return [...parts.filter((part) => !isLast(part)), ...parts.filter(isLast)];
}

/** Undefined where it must not go on. */
async function deliverPart(
  context: DeliveryContext,
  shard: Shard,
  { records, attempt }: Part,
  doOthersWait: boolean,
): Promise<Left | undefined> {
  const { source, logger, signal, trials } = context;
  const [first, ...others] = records;
  if (!first) return nothing;
  const from = numberOf(first);
  const isAlone = others.length === 0;
  const giveUp = async (burial: Omit<Burial, 'condition'>) => {
    const isBuried = await bury(context, shard, first, { condition: 'RetryAttemptsExhausted', ...burial });
    return isBuried ? nothing : undefined;
  };
  for (let faults = 0; ; ) {
    if (!(await mayGoOn(context))) return undefined;
    const old = records.findIndex((record) => !isTooOld(context, record));
    if (old !== 0) {
      for (const record of old === -1 ? records : records.slice(0, old))
        if (!(await bury(context, shard, record, { condition: 'RecordAgeExceeded', attempts: attempt - 1 })))
          return undefined;
      return old === -1 ? nothing : { next: [records.slice(old)] };
    }
    if (isAlone && attempt > source.maxAttempts) {
      const cause = new Error('its runner ended in the last attempt');
      return giveUp({ attempts: attempt - 1, cause, mayBeDone: true });
    }
    const isNoted = context.isCautious || (isAlone && attempt > 1);
    if (isNoted) {
      trials.note({ from, records: records.length, attempts: isAlone ? attempt : 0 });
      if (!(await mayGoOn(context, context.note))) return undefined;
    }
    const { failedFrom, error } = await invoke(source, records);
    if (failedFrom !== 0) trials.forget(from);
    if (failedFrom === undefined) return nothing;
    logger.warn(
      { source: source.name, attempt, failed: records.length - failedFrom, err: error },
      'stream batch failed',
    );
    if (failedFrom === 0 && isTransientFault(error)) {
      faults += 1;
      if (isNoted && isAlone) {
        trials.note({ from, records: 1, attempts: attempt - 1 });
        await context.note();
      }
    } else if (failedFrom === 0) {
      if (!isAlone && error) return { next: halves(records) };
      if (!isAlone && attempt >= wholeAttempts) return { next: [[first], others] };
      if (isAlone && attempt >= source.maxAttempts) return giveUp({ attempts: attempt, cause: error });
      attempt += 1;
      if (isAlone && attempt === wholeAttempts + 1 && doOthersWait)
        return { next: [], last: { records, attempt } };
    }
    await backoff(signal, failedFrom > 0 ? 1 : attempt + faults);
    if (failedFrom > 0) return { next: [records.slice(failedFrom)] };
  }
}

function halves(records: DynamoDBRecord[]): DynamoDBRecord[][] {
  const half = Math.ceil(records.length / 2);
  return [records.slice(0, half), records.slice(half)];
}

async function backoff(signal: AbortSignal, failures: number) {
  const retryMs = Math.random() * Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 16));
  await sleep(retryMs, undefined, { signal }).catch(() => {});
}

const unsureRetryMs = 200;

/** Not before the lease is certainly ours: after a long pause somebody else may read this shard. */
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
export const writtenAtMs = ({ dynamodb }: DynamoDBRecord) =>
  (dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000;

const isTooOld = ({ table, source }: DeliveryContext, record: DynamoDBRecord) =>
  table.clock.now() - writtenAtMs(record) > source.maxRecordAgeMs;

type Outcome = { failedFrom?: number | undefined; error?: unknown };

/**
 * One invocation. `failedFrom` is the index of the first record that failed; 0 with the error where the handler threw,
 * did not end in time, or reported what it was not given; undefined where all is done.
 */
async function invoke({ handler, timeoutMs }: EventSource, Records: DynamoDBRecord[]): Promise<Outcome> {
  const ended = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`Task timed out after ${timeoutMs / 1_000} seconds`);
  });
  timeout.catch(() => {}); // It is aborted where the handler ends first.
  try {
    const response = await Promise.race([handler({ Records }, contextFor(timeoutMs)), timeout]);
    const reported = (response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    if (reported.length === 0) return {};
    const numbers = Records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? '');
    const unknown = reported.find((number) => !numbers.includes(number));
    if (unknown !== undefined)
      throw new Error(`the handler reported record “${unknown}”, which it was not given`);
    return { failedFrom: Math.min(...reported.map((number) => numbers.indexOf(number))) };
  } catch (error) {
    return { failedFrom: 0, error };
  } finally {
    ended.abort();
  }
}

type Burial = { condition: deadLetters.Condition; attempts: number; cause?: unknown; mayBeDone?: boolean };

/** Resolves to false where it must not go on. Until the letter is written, the record stays where it is. */
async function bury(
  context: DeliveryContext,
  { shardId }: Shard,
  record: DynamoDBRecord,
  { condition, attempts, cause, mayBeDone }: Burial,
): Promise<boolean> {
  const { table, source, logger, signal, onDeadLetter } = context;
  const letter = {
    consumer: source.name,
    shardId,
    record,
    error: errorOf(context, condition, cause),
    condition,
    attempts,
  };
  for (let failures = 1; await mayGoOn(context); failures += 1) {
    try {
      // The letter of the runner that gave it up knows the cause.
      if (mayBeDone && (await deadLetters.exists(table, letter))) return true;
      await deadLetters.put(table, letter);
      onDeadLetter();
      logger.error(
        { source: source.name, keys: record.dynamodb?.Keys, condition },
        'stream record became a dead letter',
      );
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

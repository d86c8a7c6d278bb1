import { setTimeout as sleep } from 'node:timers/promises';
import * as deadLetters from '@parley/core/dead-letters';
import { isTransientFault } from '@parley/core/table/faults';
import type { DynamoDBRecord } from 'aws-lambda';
import { contextFor } from './deadline.ts';
import type { ConsumerContext, EventSource, Shard } from './shard-consumer.ts';

/*
 * Hands a batch to the handler until each of its records is done or a dead letter, with the semantics of a Lambda event
 * source mapping that bisects and takes partial responses:
 *
 * 1. A partial response names what failed: everything before the first of these is done, the rest is tried again.
 *    Progress starts the attempts anew.
 * 2. A batch that throws is halved, down to the record at fault; one that makes no progress loses its first record to a
 *    batch of its own. Splitting consumes no attempts. The parts follow each other in the stream's order.
 * 3. A record alone is tried `maxAttempts` times, with backoff and full jitter, then it is a dead letter. So is one that
 *    is older than `maxRecordAgeMs`. Where others wait, they come between the second and the third time: a runner that
 *    dies begins all attempts anew, and its batch must not be held up for as long as runners die.
 * 4. A fault of the table is no record's: it is waited for, and does not count.
 */

const firstRetryMs = 50;
const maxRetryMs = 10_000;
/** Times a batch may report its own first record before that is tried alone, and that before others come first. */
const wholeAttempts = 2;

/** Resolves to false where it was aborted or the lease was lost before all was done. */
export async function deliver(
  context: ConsumerContext,
  shard: Shard,
  batch: DynamoDBRecord[],
): Promise<boolean> {
  const parts: Part[] = [{ records: batch, attempt: 1 }];
  for (let part = parts.shift(); part; part = parts.shift()) {
    const left = await deliverPart(context, shard, part, parts.length > 0);
    if (!left) return false;
    parts.unshift(...left.next.map((records) => ({ records, attempt: 1 })));
    if (left.last) parts.push(left.last);
  }
  return true;
}

type Part = { records: DynamoDBRecord[]; attempt: number };
/** What is left to be delivered: before the parts that wait, and after them. */
type Left = { next: DynamoDBRecord[][]; last?: Part };
const nothing: Left = { next: [] };

/** Undefined where it must not go on. */
async function deliverPart(
  context: ConsumerContext,
  shard: Shard,
  part: Part,
  doOthersWait: boolean,
): Promise<Left | undefined> {
  const { source, logger, signal } = context;
  let { records: rest, attempt } = part;
  for (let faults = 0; ; ) {
    if (!(await mayGoOn(context))) return undefined;
    const old = rest.findIndex((record) => !isTooOld(context, record));
    if (old !== 0) {
      const expired = old === -1 ? rest : rest.slice(0, old);
      for (const record of expired) await bury(context, shard, record, 'RecordAgeExceeded', attempt - 1);
      return old === -1 ? nothing : { next: [rest.slice(old)] };
    }
    const { failedFrom, error } = await invoke(source, rest);
    if (failedFrom === undefined) return nothing;
    logger.warn(
      { source: source.name, attempt, failed: rest.length - failedFrom, err: error },
      'stream batch failed',
    );
    const [first, ...others] = rest.slice(failedFrom);
    if (!first) return nothing;
    if (failedFrom > 0) {
      rest = [first, ...others];
      attempt = 1;
    } else if (isTransientFault(error)) faults += 1;
    else if (others.length > 0 && error) return { next: halves(rest) };
    else if (others.length > 0 && attempt >= wholeAttempts) return { next: [[first], others] };
    else if (attempt >= source.maxAttempts) {
      if (!(await mayGoOn(context))) return undefined;
      await bury(context, shard, first, 'RetryAttemptsExhausted', attempt, error);
      return nothing;
    } else if (others.length === 0 && attempt === wholeAttempts && doOthersWait)
      return { next: [], last: { records: rest, attempt: attempt + 1 } };
    else attempt += 1;
    const retryMs = Math.random() * Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempt + faults, 16));
    await sleep(retryMs, undefined, { signal }).catch(() => {});
  }
}

function halves(records: DynamoDBRecord[]): DynamoDBRecord[][] {
  const half = Math.ceil(records.length / 2);
  return [records.slice(0, half), records.slice(half)];
}

const unsureRetryMs = 200;

/** Not before the lease is certainly ours: after a long pause somebody else may read this shard. */
async function mayGoOn({ lease, signal }: ConsumerContext): Promise<boolean> {
  while (!signal.aborted) {
    if (await lease.confirm()) return !signal.aborted;
    await sleep(unsureRetryMs, undefined, { signal }).catch(() => {});
  }
  return false;
}

export const writtenAtMs = ({ dynamodb }: DynamoDBRecord) =>
  (dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000;

const isTooOld = ({ table, source }: ConsumerContext, record: DynamoDBRecord) =>
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

async function bury(
  { table, source, logger, onDeadLetter }: ConsumerContext,
  { shardId }: Shard,
  record: DynamoDBRecord,
  condition: deadLetters.Condition,
  attempts: number,
  cause?: unknown,
) {
  const error =
    condition === 'RecordAgeExceeded'
      ? `older than ${source.maxRecordAgeMs / 1_000} seconds`
      : cause instanceof Error
        ? (cause.stack ?? cause.message)
        : 'reported by the handler';
  await deadLetters.put(table, { consumer: source.name, shardId, record, error, condition, attempts });
  onDeadLetter();
  logger.error(
    { source: source.name, keys: record.dynamodb?.Keys, condition },
    'stream record became a dead letter',
  );
}

import type { DynamoDBRecord } from 'aws-lambda';
import type { Attempts } from './attempts.ts';
import { numberOf } from './sequence-numbers.ts';

/**
 * After this many attempts that report the first record of a batch, that record is delivered alone. After this many
 * attempts of a record alone, the records behind it are delivered first.
 */
export const wholeAttempts = 2;

/** Records that are delivered together, and the number of the attempt. */
export type Part = { records: DynamoDBRecord[]; attempt: number };

/**
 * Splits a batch by the attempts of the previous runner: records that it delivered together are halved, and single ones
 * stay alone. A record that failed twice comes last.
 */
export function partsOf(attempts: Attempts, batch: DynamoDBRecord[]): Part[] {
  const cuts = new Set([0]);
  for (const [index, record] of batch.entries()) {
    const { records = 0 } = attempts.get(numberOf(record)) ?? {};
    if (records > 0) for (const after of [0, Math.ceil(records / 2), records]) cuts.add(index + after);
  }
  const starts = [...cuts].filter((cut) => cut < batch.length).sort((one, other) => one - other);
  const parts = starts.map((start, index) => {
    const records = batch.slice(start, starts[index + 1]);
    const known = records.length === 1 && records[0] ? attempts.get(numberOf(records[0])) : undefined;
    return { records, attempt: 1 + (known?.attempts ?? 0) };
  });
  const isLast = ({ attempt }: Part) => attempt > wholeAttempts;
  return [...parts.filter((part) => !isLast(part)), ...parts.filter(isLast)];
}

export type Failure = {
  /** The number of records in the part, and the index of the first that failed. */
  records: number;
  failedFrom: number;
  attempt: number;
  maxAttempts: number;
  /** The handler threw, or did not end in time. */
  hasThrown: boolean;
  /** The error is a transient fault of the table. */
  isTransient: boolean;
  doOthersWait: boolean;
};

/**
 * The step after a failed delivery:
 * - `rest`: deliver the rest of a batch that made progress.
 * - `again`: deliver the same records again. `uncounted`: the same without counting the attempt, after a transient
 *   fault.
 * - `halves`: split the batch. `alone`: deliver its first record alone.
 * - `last`: deliver the record after the others that wait.
 * - `dead-letter`: give the record up.
 */
export type Step = 'rest' | 'uncounted' | 'halves' | 'alone' | 'last' | 'dead-letter' | 'again';

export function stepAfter(failure: Failure): Step {
  const { records, failedFrom, attempt, maxAttempts, hasThrown, isTransient, doOthersWait } = failure;
  if (failedFrom > 0) return 'rest';
  if (isTransient) return 'uncounted';
  if (records > 1) {
    if (hasThrown) return 'halves';
    return attempt >= wholeAttempts ? 'alone' : 'again';
  }
  if (attempt >= maxAttempts) return 'dead-letter';
  return attempt === wholeAttempts && doOthersWait ? 'last' : 'again';
}

export function halves(records: DynamoDBRecord[]): [DynamoDBRecord[], DynamoDBRecord[]] {
  const half = Math.ceil(records.length / 2);
  return [records.slice(0, half), records.slice(half)];
}

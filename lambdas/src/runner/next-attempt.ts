import type { DynamoDBRecord } from 'aws-lambda';
import type { Attempts } from './attempts.ts';
import { numberOf } from './sequence-numbers.ts';

/**
 * So often a batch may report its own first record before that record is tried alone, and so often a record alone is
 * tried before the records behind it.
 */
export const wholeAttempts = 2;

/** Records that are delivered together, and the number of the attempt. */
export type Part = { records: DynamoDBRecord[]; attempt: number };

/**
 * Splits a batch as the runner before left it: what that one tried is halved, or alone. A record that failed twice
 * comes last.
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
  /** Records of the part, and the index of the first that failed. */
  records: number;
  failedFrom: number;
  attempt: number;
  maxAttempts: number;
  /** The handler threw, or did not end in time. */
  hasThrown: boolean;
  /** The table is at fault. */
  isTransient: boolean;
  doOthersWait: boolean;
};

/**
 * What follows a delivery that failed: the rest of a batch that made progress, the same again (uncounted when the table
 * was at fault), two halves, the first record alone, the record after the others, or a dead letter.
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

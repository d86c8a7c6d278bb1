import type { DynamoDBRecord } from 'aws-lambda';

export const numberOf = ({ dynamodb }: DynamoDBRecord) => dynamodb?.SequenceNumber ?? '';

export const writtenAtMs = ({ dynamodb }: DynamoDBRecord) =>
  (dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000;

/** Whether a sequence number comes after another one of the same shard. Undefined comes before every number. */
export function isAfter(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return BigInt(one) > BigInt(other);
}

export const least = <T extends string | undefined>(numbers: T[]): T | undefined =>
  numbers.length === 0 ? undefined : numbers.reduce((one, other) => (isAfter(one, other) ? other : one));

/** The number of the last record before all undone records, in the order of the shard. */
export function lastBefore(records: DynamoDBRecord[], undone: DynamoDBRecord[]): string | undefined {
  const first = least(undone.map(numberOf));
  const before = records.map(numberOf).filter((number) => isAfter(first, number));
  return before.length > 0 ? before.reduce((one, other) => (isAfter(one, other) ? one : other)) : undefined;
}

/** The records of a page, which is in order, after a sequence number. */
export function recordsAfter(page: DynamoDBRecord[], number: string | undefined): DynamoDBRecord[] {
  const [first] = page;
  if (!first || isAfter(numberOf(first), number)) return page;
  return page.filter((record) => isAfter(numberOf(record), number));
}

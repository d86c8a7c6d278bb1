import type { ConsumerName } from '@parley/core/dead-letters/dead-letters';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { consumers } from '../consumers/all.ts';
import type { InvocationContext } from './deadline.ts';

/** A consumer with its handler: the runner's equivalent of an event source mapping. */
export type EventSource = {
  /** The name under which its positions and dead letters are stored. */
  name: string;
  filter: (record: StreamRecord) => boolean;
  handler: (event: DynamoDBStreamEvent, context: InvocationContext) => Promise<DynamoDBBatchResponse>;
  batchSize: number;
  /** How long a batch may collect records, from its first one. */
  windowMs: number;
  /** The longest wait between two reads that find nothing. Only the first source's value counts. */
  maxPollMs: number;
  /** The number of attempts for a record that fails alone. */
  maxAttempts: number;
  /** A record older than this becomes a dead letter without another attempt. */
  maxRecordAgeMs: number;
  /** After this time an invocation counts as failed. */
  timeoutMs: number;
};

/** The event sources of all consumers. The name of the first one is part of the leases' keys. */
export const eventSources = (handlers: Record<ConsumerName, EventSource['handler']>): EventSource[] =>
  consumers.map(({ name, wants, batchSize, windowMs, maxAttempts, maxAgeMs, timeoutMs }) => ({
    name,
    filter: wants.filter,
    handler: handlers[name],
    batchSize,
    windowMs,
    maxPollMs: 1_000,
    maxAttempts,
    maxRecordAgeMs: maxAgeMs,
    timeoutMs,
  }));

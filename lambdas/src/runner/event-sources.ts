import type { ConsumerName } from '@parley/core/dead-letters/dead-letters';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { consumers } from '../consumers/all.ts';
import type { InvocationContext } from './deadline.ts';

/** What the runner reads a shard for: off AWS, a consumer with its handler. */
export type EventSource = {
  /** Names its positions and dead letters. */
  name: string;
  filter: (record: StreamRecord) => boolean;
  handler: (event: DynamoDBStreamEvent, context: InvocationContext) => Promise<DynamoDBBatchResponse>;
  batchSize: number;
  /** How long a batch may gather, from its first record. */
  windowMs: number;
  /** Longest wait between two reads that found nothing. The value of the first source counts. */
  maxPollMs: number;
  /** How often a record is tried that fails alone. */
  maxAttempts: number;
  /** An older record becomes a dead letter without an attempt. */
  maxRecordAgeMs: number;
  /** A handler that takes longer has failed. */
  timeoutMs: number;
};

/** The consumers with their handlers, as the mappings on AWS connect them. The first one names the leases. */
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

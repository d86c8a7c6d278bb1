import { isEntryRecord, isLargeRecord } from '@parley/core/table/stream';
import type { EventSource } from './shard-consumer.ts';

/**
 * As on AWS: one mapping for the conversations whose summaries are rewritten at once, and one with a window for the
 * large ones, whose summaries trail.
 */
export function eventSources(handler: EventSource['handler']): EventSource[] {
  const shared = { handler, maxPollMs: 1_000, maxAttempts: 8 };
  return [
    {
      ...shared,
      name: 'summaries',
      filter: (record) => isEntryRecord(record) && !isLargeRecord(record),
      batchSize: 1_000,
      windowMs: 0,
    },
    {
      ...shared,
      name: 'large-summaries',
      filter: (record) => isEntryRecord(record) && isLargeRecord(record),
      batchSize: 10_000,
      windowMs: 3_500,
    },
  ];
}

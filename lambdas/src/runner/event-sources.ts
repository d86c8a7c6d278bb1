import { isEntryRecord, isLargeRecord } from '@parley/core/log/stream-records';
import type { EventSource } from './shard-consumer.ts';

type Handler = EventSource['handler'];

/**
 * As on AWS: one mapping that sees every entry at once, and one with a window for the summaries of large
 * conversations, which trail. Where one handler does both (no live delivery), the first leaves the large ones out.
 */
export function eventSources(handler: Handler, largeHandler?: Handler): EventSource[] {
  const shared = { maxPollMs: 1_000, maxAttempts: 8, maxRecordAgeMs: Infinity, timeoutMs: 60_000 };
  return [
    {
      ...shared,
      name: 'summaries',
      handler,
      filter: (record) => isEntryRecord(record) && (largeHandler !== undefined || !isLargeRecord(record)),
      batchSize: 1_000,
      windowMs: 0,
    },
    {
      ...shared,
      name: 'large-summaries',
      handler: largeHandler ?? handler,
      filter: (record) => isEntryRecord(record) && isLargeRecord(record),
      batchSize: 10_000,
      windowMs: 3_500,
    },
  ];
}

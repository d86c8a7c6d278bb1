import { isEntryRecord, isLargeRecord } from '@parley/core/log/stream-records';
import type { Wants } from './consumer.ts';

/** New entries, and entries from which something was erased. Deletions and other items invoke no function. */
export const entries = {
  filter: isEntryRecord,
  pattern: {
    eventName: ['INSERT', 'MODIFY'],
    dynamodb: {
      Keys: {
        pk: { S: [{ prefix: 'MSG#' }] },
        sk: { S: Array.from({ length: 10 }, (_, digit) => ({ prefix: String(digit) })) },
      },
    },
  },
} satisfies Wants;

/** Entries of large conversations, whose summaries the trailing pass writes. */
export const largeEntries: Wants = {
  filter: (record) => isEntryRecord(record) && isLargeRecord(record),
  pattern: {
    ...entries.pattern,
    dynamodb: { ...entries.pattern.dynamodb, NewImage: { large: { BOOL: [true] } } },
  },
};

import { isEntryRecord, isLargeRecord } from '@parley/core/log/stream-records';
import type { Wants } from './consumer.ts';

/** New entries and their corrections. A record that leaves the table, or holds no entry, starts no function. */
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

/** The entries of conversations whose summaries follow in the trailing pass. */
export const largeEntries: Wants = {
  filter: (record) => isEntryRecord(record) && isLargeRecord(record),
  pattern: {
    ...entries.pattern,
    dynamodb: { ...entries.pattern.dynamodb, NewImage: { large: { BOOL: [true] } } },
  },
};

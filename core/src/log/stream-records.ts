import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Key, parseKey } from '../table/keys.ts';
import { valuesOf } from '../table/values.ts';
import { type Entry, entryFromItem } from './entries.ts';

/**
 * A stream record, as Lambda passes it (times in seconds since the epoch) or as GetRecords returns it (times as Dates).
 */
export type StreamRecord = {
  eventName?: string | undefined;
  dynamodb?: {
    ApproximateCreationDateTime?: number | Date | undefined;
    Keys?: Record<string, unknown> | undefined;
    NewImage?: Record<string, unknown> | undefined;
    OldImage?: Record<string, unknown> | undefined;
    SequenceNumber?: string | undefined;
  };
};

/** An entry from the stream, with the time of its write. */
export type EntryRecord = {
  entry: Entry;
  writtenAtMs: number;
  sequenceNumber: string;
  /** An existing entry was rewritten, because something was erased from it. */
  isModified?: boolean;
};

/** Whether a record is a write of a log entry. The filters of the event sources do the same. */
export function isEntryRecord({ eventName, dynamodb }: StreamRecord): boolean {
  if (eventName !== 'INSERT' && eventName !== 'MODIFY') return false;
  const keys = dynamodb?.Keys;
  return keys !== undefined && parseKey(stringsOf(keys)).item === 'entry';
}

/** Whether the trailing pass writes the summaries of this record. */
export const isLargeRecord = ({ dynamodb }: StreamRecord) =>
  (dynamodb?.NewImage?.large as AttributeValue | undefined)?.BOOL === true;

/** The entry of a record, or undefined if it holds none that Parley can read. */
export function entryRecord(record: StreamRecord): EntryRecord | undefined {
  const { eventName, dynamodb: { NewImage, ApproximateCreationDateTime = 0, SequenceNumber = '' } = {} } =
    record;
  const isModified = eventName === 'MODIFY';
  if (!NewImage || !(isModified || eventName === 'INSERT')) return undefined;
  try {
    const writtenAtMs = millisecondsOf(ApproximateCreationDateTime);
    return {
      entry: entryFromItem(valuesOf(NewImage)),
      writtenAtMs,
      sequenceNumber: SequenceNumber,
      isModified,
    };
  } catch {
    // An older layout, or an item written by hand. The caller counts it; it must not stop the shard.
    return undefined;
  }
}

const millisecondsOf = (time: number | Date) => (time instanceof Date ? time.getTime() : time * 1_000);

function stringsOf(keys: Record<string, unknown>): Key {
  const { pk, sk } = keys as Record<string, AttributeValue | undefined>;
  return { pk: pk?.S ?? '', sk: sk?.S ?? '' };
}

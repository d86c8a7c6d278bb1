import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Key, parseKey } from '../table/keys.ts';
import { valuesOf } from '../table/values.ts';
import { type Entry, entryFromItem } from './entries.ts';

/** A stream record as Lambda hands it over and GetRecords returns it; times as seconds since the epoch, or a Date. */
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

/** An entry as the stream tells it, with the time of the write. */
export type EntryRecord = {
  entry: Entry;
  writtenAtMs: number;
  sequenceNumber: string;
  /** It was there before: something was erased from it. */
  isModified?: boolean;
};

/** Whether a record can hold a log entry at all: the filter of the event source. */
export function isEntryRecord({ eventName, dynamodb }: StreamRecord): boolean {
  if (eventName !== 'INSERT' && eventName !== 'MODIFY') return false;
  const keys = dynamodb?.Keys;
  return keys !== undefined && parseKey(stringsOf(keys)).item === 'entry';
}

/** Whether a record's summaries follow in the trailing pass. */
export const isLargeRecord = ({ dynamodb }: StreamRecord) =>
  (dynamodb?.NewImage?.large as AttributeValue | undefined)?.BOOL === true;

/** The entry of a record; undefined where it holds none that Parley wrote. */
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
    // Not an entry of this layout (an older one, a hand-made row): it is counted, and must not stop the shard.
    return undefined;
  }
}

const millisecondsOf = (time: number | Date) => (time instanceof Date ? time.getTime() : time * 1_000);

function stringsOf(keys: Record<string, unknown>): Key {
  const { pk, sk } = keys as Record<string, AttributeValue | undefined>;
  return { pk: pk?.S ?? '', sk: sk?.S ?? '' };
}

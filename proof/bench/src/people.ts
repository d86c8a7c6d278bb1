import { randomUUID } from 'node:crypto';
import type { Entry, Person } from '@parley/core/log/entries';
import type { EntryRecord } from '@parley/core/log/stream-records';

export const makePerson = (handle: string): Person => ({
  uuid: randomUUID(),
  handle,
  display_name: handle[0]?.toUpperCase() + handle.slice(1),
});

export const makePeople = (count: number, prefix = 'person') =>
  Array.from({ length: count }, (_, index) => makePerson(`${prefix}${index}`));

/** A text of 60 bytes. */
export const text60 = 'a message as people write it, sixty bytes of it in plain tex';

/** Turns entries into the stream records that the projector reads. */
export const recordsOf = (entries: Entry[]): EntryRecord[] =>
  entries.map((entry) => ({ entry, writtenAtMs: Date.now(), sequenceNumber: String(entry.seq) }));

import { randomUUID } from 'node:crypto';
import * as messages from '@parley/core/conversations/messages';
import type { Entry, Person } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import type { EntryRecord } from '@parley/core/log/stream-records';
import { createProjector } from '@parley/core/projections/projector';
import type { Table } from '@parley/core/table/client';
import pLimit from 'p-limit';
import { text60 } from './load/drive.ts';

export const makePerson = (handle: string): Person => ({
  uuid: randomUUID(),
  handle,
  display_name: handle[0]?.toUpperCase() + handle.slice(1),
});

export const makePeople = (count: number) =>
  Array.from({ length: count }, (_, index) => makePerson(`person${index}`));

/** Makes so many, a limited number of them at once. */
export function makeMany<Made>(count: number, atOnce: number, make: (index: number) => Promise<Made>) {
  const limit = pLimit(atOnce);
  return Promise.all(Array.from({ length: count }, (_, index) => limit(make, index)));
}

/** Turns entries into the stream records that the projector reads. */
export const recordsOf = (entries: Entry[]): EntryRecord[] =>
  entries.map((entry) => ({ entry, writtenAtMs: Date.now(), sequenceNumber: String(entry.seq) }));

/** Writes direct conversations of so many messages each, with their summaries, and returns their uuids. */
export function seedConversations(table: Table, pairs: [Person, Person][], count: number): Promise<string[]> {
  const log = createLog(table, { batch: 'transactions', deadlineMs: 60_000 });
  const projector = createProjector(table);
  return makeMany(pairs.length, 16, async (index) => {
    const [sender, recipient] = pairs[index] ?? [];
    if (!sender || !recipient) throw new Error('a conversation needs two people');
    const send = () => messages.sendDirect(log, { sender, recipient, message: text60 });
    const entries = [await send(), ...(await Promise.all(Array.from({ length: count - 1 }, send)))];
    const failed = await projector.project(recordsOf(entries));
    if (failed.size > 0) throw new AggregateError(failed.values(), 'the projector failed');
    return entries[0]?.message_group_uuid ?? '';
  });
}

import type { Pool } from 'pg';
import * as arrivals from '../erasure/arrivals.ts';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { type IsErased, withoutErased } from '../log/erased.ts';
import { createHistory } from '../log/fold.ts';
import { createLog, type TransactItem } from '../log/log.ts';
import type { Table } from '../table/client.ts';
import { createGroup, endArrival, entryItems, transact, untilDone } from './conversation-writer.ts';
import type { ImportedMessage, RoomPlan } from './import-plan.ts';
import { groupOf, membershipEntries, membersOf, messageEntries, speakersOf } from './room-entries.ts';
import * as roomProgress from './room-progress.ts';

/*
 * Imports one room (conversation-writer.ts).
 *
 * Every transaction of the log moves the room's progress to a line of the file, on condition of the line before. An
 * interruption, a lost answer or a second import therefore appends nothing twice.
 */

/** A transaction holds 100 items: these messages, and the progress. */
export const messagesPerTransaction = 99;

export type RoomOptions = {
  table: Table;
  pool: Pool;
  source: string;
  plan: RoomPlan;
  progress: roomProgress.RoomProgress | undefined;
  /** The people of the import, by `identityOf` their handle. */
  people: Map<string, Person>;
  erased: () => Promise<IsErased>;
};

export type Room = ReturnType<typeof createRoom>;

export function createRoom({ table, pool, source, plan, progress, people, erased }: RoomOptions) {
  const log = createLog(table, { batch: 'transactions' });
  const speakers = speakersOf(plan, people);
  const history = createHistory(plan.uuid);
  /** The line of the stored progress, as of the last read and our own writes since. `history` is as old. */
  let line = progress?.line;

  /** Appends messages in the order of the file. Skips those that are already in the log. Safe to repeat. */
  const append = (messages: ImportedMessage[]) =>
    fromStored(async () => {
      const joining = membershipEntries(history, plan, speakers);
      if (joining.length > 0) await write(joining, line ?? 0);
      const left = messages.filter((message) => message.line > (line ?? 0));
      const last = left.at(-1);
      if (!last) return;
      const isErased = await erased();
      const written = messageEntries(history, plan, people, left);
      await write(
        written.map((entry) => withoutErased(entry, isErased)),
        last.line,
      );
    });

  /** Creates the group with its members and their summaries. Safe to repeat. */
  const finish = () =>
    fromStored(async () => {
      await createGroup(table, history, groupOf(history, plan), membersOf(history, plan));
      await endArrival(log, pool, history);
      await transact(table, [moveTo({ line: line ?? plan.lastLine, isFinished: true })]);
    });

  let isRead = false;
  /** Runs a step until it succeeds. Reads the log and the progress first, and again after a failure. */
  const fromStored = (step: () => Promise<void>) =>
    untilDone(async (attempt) => {
      if (!isRead || attempt > 1) await read();
      isRead = true;
      await step();
    });

  async function read() {
    isRead = false;
    const from = history.seq + 1;
    for await (const page of entries.pages(table, plan.uuid, { from, order: 'ascending' }))
      for (const entry of page) history.apply(entry);
    line = (await roomProgress.get(table, source, plan.uuid))?.line;
  }

  async function write(written: Entry[], newLine: number) {
    const items = [...entryItems(table, written), moveTo({ line: newLine, isFinished: false })];
    // The first transaction also lists the arrival. A separate, earlier write could list a room that no run ever writes.
    if (history.seq === 0) items.push({ Put: arrivals.put(table, plan.uuid) });
    await transact(table, items);
    for (const entry of written) history.apply(entry);
    line = newLine;
  }

  const moveTo = (to: roomProgress.RoomProgress): TransactItem => ({
    Put: roomProgress.put(table, {
      source,
      messageGroupUuid: plan.uuid,
      title: plan.title,
      to,
      fromLine: line,
    }),
  });

  return { append, finish };
}

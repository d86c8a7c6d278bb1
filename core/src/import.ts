import type { Pool } from 'pg';
import type { Person } from './entries.ts';
import * as erasures from './erasures.ts';
import {
  erasedReason,
  type ImportPlan,
  type Limits,
  type Line,
  parseLine,
  planImport,
} from './import-plan.ts';
import * as positions from './import-positions.ts';
import { createQueue, type QueuedRoom } from './import-queue.ts';
import { createRoom } from './import-room.ts';
import type { Table } from './table/client.ts';
import * as users from './users.ts';

/*
 * Imports rooms of messages: people, a group for each room, its log with the original times.
 *
 * 1. One pass over the file plans: who speaks in which room, and which lines are bad.
 * 2. A second one appends, 99 messages a transaction, several rooms at a time.
 * 3. With its last line a room gets its members with their summaries, and is finished.
 *
 * Safe to interrupt anywhere and to repeat (import-room.ts): the same content goes on where it stopped.
 */

/** Imported people's name is their handle. */
const handleMaxChars = 60;
const titleMaxChars = 100;

export type ImportOptions = {
  messageMaxChars: number;
  onBadLine?: (line: number, reason: string) => void;
  onProgress?: (progress: Progress) => void;
  /** Stops after the transactions under way. */
  signal?: AbortSignal | undefined;
};

/** Messages: all good ones of the file, those that are in, and how many of these were in before this run. */
export type Progress = { total: number; done: number; before: number };

export type ImportResult = Progress & {
  rooms: number;
  people: number;
  badLines: number;
  isStopped: boolean;
};

/** `lines` is read twice, and must yield the same. */
export async function importMessages(
  table: Table,
  pool: Pool,
  lines: () => AsyncIterable<Line>,
  { messageMaxChars, onBadLine = () => {}, onProgress = () => {}, signal }: ImportOptions,
): Promise<ImportResult> {
  const since = await erasures.now(pool);
  let limits: Limits = { messageMaxChars, titleMaxChars, handleMaxChars, nowMs: table.clock.now() };
  let plan = await planImport(lines(), limits, onBadLine);
  const people = await peopleOf(pool, plan);
  const erasedHandles = new Set([...plan.handles.keys()].filter((identity) => !people.has(identity)));
  if (erasedHandles.size > 0) {
    limits = { ...limits, erasedHandles };
    const tellNew = (line: number, reason: string) => reason === erasedReason && onBadLine(line, reason);
    plan = await planImport(lines(), limits, tellNew);
  }
  const progress: Progress = { total: plan.lines, done: 0, before: 0 };
  const onDone = (messages: number, wereInBefore: boolean) => {
    progress.done += messages;
    if (wereInBefore) progress.before += messages;
    onProgress(progress);
  };
  onProgress(progress);
  const queue = createQueue({ rooms: await roomsOf(table, plan, people), onDone, signal });
  for await (const line of lines()) {
    if (queue.isStopping()) break;
    const message = parseLine(line, limits);
    if (typeof message !== 'string') await queue.add(message);
  }
  await queue.end();
  // What was written of whoever was erased meanwhile is found by the members, who came last.
  await erasures.reopen(pool, { userUuids: [], since });
  const { badLines, rooms } = plan;
  const isStopped = signal?.aborted === true && progress.done < progress.total;
  return { ...progress, badLines, rooms: rooms.size, people: plan.handles.size, isStopped };
}

/** By identity. Postgres may fold two handles to one person that JavaScript does not. */
async function peopleOf(pool: Pool, { handles }: ImportPlan): Promise<Map<string, Person>> {
  return users.insertPeople(
    pool,
    [...handles.values()].map((handle) => ({ handle })),
  );
}

async function roomsOf(table: Table, plan: ImportPlan, people: Map<string, Person>) {
  const found = await positions.list(table, plan.source);
  const rooms = new Map<string, QueuedRoom>();
  for (const [title, room] of plan.rooms) {
    const position = found.get(room.uuid);
    const options = { table, source: plan.source, plan: room, position, people };
    const isFinished = position?.isFinished === true && position.line >= room.lastLine;
    rooms.set(title, { plan: room, room: createRoom(options), line: position?.line ?? 0, isFinished });
  }
  return rooms;
}

import type { Pool } from 'pg';
import * as arrivals from '../erasure/arrivals.ts';
import * as erasures from '../erasure/erasures.ts';
import type { Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
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
import { createRoom, type Room } from './import-room.ts';

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
  const { rooms: queued, orphans } = await roomsOf(table, pool, plan, people);
  const queue = createQueue({ rooms: queued, onDone, signal });
  for await (const line of lines()) {
    if (queue.isStopping()) break;
    const message = parseLine(line, limits);
    if (typeof message !== 'string') await queue.add(message);
  }
  await queue.end();
  if (!signal?.aborted) for (const room of orphans) await room.finish();
  // Should this process have been paused for longer than an erasure takes.
  await erasures.reopen(pool, since);
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

/** Those of the file, and orphans: begun by an earlier run, and all who spoke there were erased since. */
async function roomsOf(table: Table, pool: Pool, plan: ImportPlan, people: Map<string, Person>) {
  const found = await positions.list(table, plan.source);
  const shared = { table, pool, source: plan.source, people, erased: arrivals.createErased(pool) };
  const rooms = new Map<string, QueuedRoom>();
  for (const [title, room] of plan.rooms) {
    const position = found.get(room.uuid);
    const isFinished = position?.isFinished === true && position.line >= room.lastLine;
    const created = createRoom({ ...shared, plan: room, position });
    rooms.set(title, { plan: room, room: created, line: position?.line ?? 0, isFinished });
    found.delete(room.uuid);
  }
  const orphans: Room[] = [];
  for (const [uuid, position] of found) {
    const first = position.isFinished ? undefined : await entries.get(table, uuid, 1);
    if (!first) continue;
    const { title, line } = position;
    const startedAtMs = Date.parse(first.created_at);
    const room = { uuid, title, startedAtMs, lines: 0, lastLine: line, people: new Set<string>() };
    orphans.push(createRoom({ ...shared, plan: room, position }));
  }
  return { rooms, orphans };
}

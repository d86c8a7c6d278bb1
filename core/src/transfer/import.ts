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
import { createQueue, type QueuedRoom } from './import-queue.ts';
import { createRoom, type Room } from './import-room.ts';
import * as roomProgress from './room-progress.ts';

/*
 * Imports rooms of messages: the people, and a group for each room with its log and the original times.
 *
 * 1. The first pass over the file makes a plan: who speaks in which room, and which lines are bad.
 * 2. The second pass appends messages, 99 in each transaction, to several rooms at a time.
 * 3. After the last line of a room, its members and their summaries are written.
 *
 * Safe to interrupt and to repeat (import-room.ts): the same content continues where it stopped.
 */

/** As long as a name may be, because an imported person's name is the handle. */
const handleMaxChars = 60;
const titleMaxChars = 100;

export type ImportOptions = {
  messageMaxChars: number;
  onBadLine?: (line: number, reason: string) => void;
  onProgress?: (progress: Progress) => void;
  /** Stops the import after the running transactions. */
  signal?: AbortSignal | undefined;
};

/** Numbers of messages: valid ones in the file, those in the log, and of these the ones that an earlier run wrote. */
export type Progress = { total: number; done: number; before: number };

export type ImportResult = Progress & {
  rooms: number;
  people: number;
  badLines: number;
  isStopped: boolean;
};

/** Calls `lines` several times. It must yield the same lines each time. */
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
    const reportErased = (line: number, reason: string) => reason === erasedReason && onBadLine(line, reason);
    plan = await planImport(lines(), limits, reportErased);
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
  // If this process was paused, it may have written texts of people whose erasure is finished.
  await erasures.reopen(pool, since);
  const { badLines, rooms } = plan;
  const isStopped = signal?.aborted === true && progress.done < progress.total;
  return { ...progress, badLines, rooms: rooms.size, people: plan.handles.size, isStopped };
}

/** The people of the plan, by `identityOf` their handle. Two handles may be one person by the rules of Postgres. */
async function peopleOf(pool: Pool, { handles }: ImportPlan): Promise<Map<string, Person>> {
  return users.insertPeople(
    pool,
    [...handles.values()].map((handle) => ({ handle })),
  );
}

/** The rooms of the file, and the orphans: rooms of an earlier run whose speakers have all been erased since. */
async function roomsOf(table: Table, pool: Pool, plan: ImportPlan, people: Map<string, Person>) {
  const found = await roomProgress.list(table, plan.source);
  const shared = { table, pool, source: plan.source, people, erased: arrivals.createErased(pool) };
  const rooms = new Map<string, QueuedRoom>();
  for (const [title, room] of plan.rooms) {
    const progress = found.get(room.uuid);
    const isFinished = progress?.isFinished === true && progress.line >= room.lastLine;
    const created = createRoom({ ...shared, plan: room, progress });
    rooms.set(title, { plan: room, room: created, line: progress?.line ?? 0, isFinished });
    found.delete(room.uuid);
  }
  const orphans: Room[] = [];
  for (const [uuid, progress] of found) {
    const first = progress.isFinished ? undefined : await entries.get(table, uuid, 1);
    if (!first) continue;
    const { title, line } = progress;
    const startedAtMs = Date.parse(first.created_at);
    const room = { uuid, title, startedAtMs, lines: 0, lastLine: line, people: new Set<string>() };
    orphans.push(createRoom({ ...shared, plan: room, progress }));
  }
  return { rooms, orphans };
}

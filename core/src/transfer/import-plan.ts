import { createHash } from 'node:crypto';
import { isReservedHandle } from '@parley/contract/handles';
import { isWellFormedName } from '@parley/contract/names';
import { isBlank } from '@parley/contract/visible';
import { maxGroupMembers } from '../conversations/limits.ts';
import { importedGroupUuid } from '../conversations/uuids.ts';

/** A line of the file, or the reason why it is unreadable. */
export type Line = { number: number; text: string } | { number: number; fault: string };

/** A message of the file, with its line number. */
export type ImportedMessage = { line: number; room: string; at: string; handle: string; text: string };

export type Limits = {
  messageMaxChars: number;
  titleMaxChars: number;
  handleMaxChars: number;
  nowMs: number;
  /** The handles of people who were erased here, by `identityOf`. Their messages are not imported. */
  erasedHandles?: ReadonlySet<string>;
};

export type RoomPlan = {
  uuid: string;
  title: string;
  startedAtMs: number;
  lines: number;
  lastLine: number;
  /** The speakers in the order of their first message, by `identityOf`. */
  people: Set<string>;
};

export type ImportPlan = {
  /** Identifies the content, independent of the file's name and compression. */
  source: string;
  rooms: Map<string, RoomPlan>;
  /** The first spelling of each handle, by `identityOf`. */
  handles: Map<string, string>;
  lines: number;
  badLines: number;
};

export const erasedReason = 'handle belongs to an erased person';

/** Handles that differ only in case belong to the same person. */
export const identityOf = (handle: string) => handle.toLowerCase();

/** Reads the file once: finds the speakers of each room, and the bad lines. */
export async function planImport(
  lines: AsyncIterable<Line>,
  limits: Limits,
  onBadLine: (line: number, reason: string) => void,
): Promise<ImportPlan> {
  const hash = createHash('sha256');
  const rooms = new Map<string, Omit<RoomPlan, 'uuid'>>();
  const handles = new Map<string, string>();
  const plan = { lines: 0, badLines: 0 };
  for await (const line of lines) {
    hash.update('text' in line ? line.text : '').update('\n');
    const message = parseLine(line, limits);
    const reason = typeof message === 'string' ? message : addMessage(rooms, handles, message);
    if (reason === undefined) plan.lines += 1;
    else {
      plan.badLines += 1;
      onBadLine(line.number, reason);
    }
  }
  const source = hash.digest('hex').slice(0, 32);
  const withUuids = [...rooms].map(
    ([title, room]) => [title, { ...room, uuid: importedGroupUuid(source, title) }] as const,
  );
  return { ...plan, source, rooms: new Map(withUuids), handles };
}

function addMessage(
  rooms: Map<string, Omit<RoomPlan, 'uuid'>>,
  handles: Map<string, string>,
  { line, room: title, at, handle }: ImportedMessage,
): string | undefined {
  const identity = identityOf(handle);
  const room = rooms.get(title);
  if (room && !room.people.has(identity) && room.people.size >= maxGroupMembers)
    return `room already has ${maxGroupMembers} people`;
  if (!handles.has(identity)) handles.set(identity, handle);
  if (room) {
    room.people.add(identity);
    room.lines += 1;
    room.lastLine = line;
  } else {
    const people = new Set([identity]);
    rooms.set(title, { title, startedAtMs: Date.parse(at), lines: 1, lastLine: line, people });
  }
  return undefined;
}

/** The message of a line, or the reason why the line is bad. The result is the same in every pass. */
export function parseLine(line: Line, limits: Limits): ImportedMessage | string {
  if ('fault' in line) return line.fault;
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const { room, at, handle, text } = value as Record<string, unknown>;
  if (typeof room !== 'string') return 'room is not a string';
  if (typeof handle !== 'string') return 'handle is not a string';
  if (typeof text !== 'string') return 'text is not a string';
  if (typeof at !== 'string') return 'at is not a string';
  const reason =
    nameFault('room', room, limits.titleMaxChars) ??
    nameFault('handle', handle, limits.handleMaxChars) ??
    (isReservedHandle(handle) ? 'handle is reserved' : undefined) ??
    (/^\.\.?$/.test(handle) ? 'handle is a relative path' : undefined) ??
    textFault(text, limits.messageMaxChars) ??
    timeFault(at, limits.nowMs) ??
    (limits.erasedHandles?.has(identityOf(handle)) ? erasedReason : undefined);
  return reason ?? { line: line.number, room, at: new Date(at).toISOString(), handle, text };
}

function nameFault(field: string, name: string, maxChars: number): string | undefined {
  if (isBlank(name)) return `${field} is blank`;
  if (name.length > maxChars) return `${field} is longer than ${maxChars} characters`;
  if (!name.isWellFormed()) return `${field} is not well-formed Unicode`;
  return isWellFormedName(name)
    ? undefined
    : `${field} contains a control character or a directional control`;
}

function textFault(text: string, maxChars: number): string | undefined {
  if (isBlank(text)) return 'text is blank';
  if (text.length > maxChars) return `text is longer than ${maxChars} characters`;
  return text.isWellFormed() ? undefined : 'text is not well-formed Unicode';
}

const isoTime = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

function timeFault(at: string, nowMs: number): string | undefined {
  const [, year, month, day] = isoTime.exec(at)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined || Number.isNaN(Date.parse(at)))
    return 'at is not an ISO 8601 time';
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return 'at is not a calendar day';
  // After an entry with a future time, every later entry would have at least that time.
  return Date.parse(at) > nowMs ? 'at is in the future' : undefined;
}

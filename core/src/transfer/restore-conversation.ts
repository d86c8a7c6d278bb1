import type { Pool } from 'pg';
import * as arrivals from '../erasure/arrivals.ts';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { type IsErased, withoutErased } from '../log/erased.ts';
import { createHistory } from '../log/fold.ts';
import type { Log } from '../log/log.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import {
  createGroup,
  endArrival,
  entryItems,
  transact,
  untilDone,
  type WrittenMember,
} from './conversation-writer.ts';
import { ExportError, type StateLine } from './export-format.ts';

/* Restores one conversation from its lines (conversation-writer.ts). */

type ExportedMember = Member & { read_seq: number; settings?: Record<string, unknown> };
export type RestoredConversation = ReturnType<typeof createRestored>;

export function createRestored(uuid: string, { isArriving }: { isArriving: boolean }) {
  return {
    uuid,
    /** True if the conversation was missing or incomplete before this run. */
    isArriving,
    history: createHistory(uuid),
    /** Entries that are read but not written yet. */
    entries: [] as Entry[],
    group: undefined as Group | undefined,
    members: [] as ExportedMember[],
    /** Resolves when all enqueued work is done. */
    turn: Promise.resolve() as Promise<void>,
    isRefused: false,
  };
}

/**
 * Lists a missing conversation as arriving. Call it before its first text. 1 read unit, and 1 write unit if it is
 * missing.
 */
export async function announce(table: Table, conversation: RestoredConversation) {
  if (await members.group(table, conversation.uuid)) return;
  await arrivals.begin(table, conversation.uuid);
  conversation.isArriving = true;
}

/** Adds a line. Returns true if it is an entry from which data of an erased person was removed. */
export function addLine(
  conversation: RestoredConversation,
  { line, ...value }: StateLine,
  isErased: IsErased,
): boolean {
  if (line === 'group') conversation.group = value as Group;
  else if (line === 'member') {
    const { message_group_uuid: _uuid, ...member } = value;
    conversation.members.push(member as ExportedMember);
  } else {
    const exported = value as Entry;
    const entry = withoutErased(exported, isErased);
    conversation.history.apply(entry);
    conversation.entries.push(entry);
    return entry !== exported;
  }
  return false;
}

/** Writes those of the consecutive entries that are missing. Returns their number, or undefined if the log differs. */
export async function writeEntries(
  table: Table,
  chunk: Entry[],
  erased: () => Promise<IsErased>,
): Promise<number | undefined> {
  return untilDone(async (attempt) => {
    const missing = attempt === 1 ? chunk : await missingFrom(table, chunk);
    if (!missing || missing.length === 0) return missing && 0;
    const isErased = await erased();
    await transact(
      table,
      entryItems(
        table,
        missing.map((entry) => withoutErased(entry, isErased)),
      ),
    );
    return missing.length;
  });
}

/** The entries that are missing in the log. Undefined if another entry has one of their numbers. */
async function missingFrom(table: Table, chunk: Entry[]): Promise<Entry[] | undefined> {
  const [first, last] = [chunk[0], chunk.at(-1)];
  if (!first || !last) return [];
  const present = new Map<number, string>();
  const range = { from: first.seq, to: last.seq, order: 'ascending' } as const;
  for await (const page of entries.pages(table, first.message_group_uuid, range))
    for (const entry of page) present.set(entry.seq, entry.message_uuid);
  const isOther = ({ seq, message_uuid }: Entry) => (present.get(seq) ?? message_uuid) !== message_uuid;
  if (chunk.some(isOther)) return undefined;
  return chunk.filter(({ seq }) => !present.has(seq));
}

/** Creates the members and the group, and removes people who were erased here. Safe to repeat. */
export async function finish(log: Log, pool: Pool, conversation: RestoredConversation) {
  const { history, group, isArriving } = conversation;
  if (!group) return;
  await untilDone(async () => {
    const written = await membersOf(pool, conversation, group);
    await createGroup(log.table, history, group, written);
  });
  if (isArriving) await endArrival(log, pool, history);
}

async function membersOf(
  pool: Pool,
  { uuid: messageGroupUuid, history, members: exported }: RestoredConversation,
  group: Group,
): Promise<WrittenMember[]> {
  if (!history.newest && exported.length > 0)
    throw new ExportError(`${messageGroupUuid} has members but no log`);
  const uuids = exported.map(({ user_uuid }) => user_uuid);
  const names = await users.findNames(pool, uuids);
  const personOf = (uuid: string): Person => ({
    uuid,
    ...(names.get(uuid) ?? { handle: '', display_name: '' }),
  });
  return exported.map(({ read_seq, settings, ...member }) => {
    const own = history.own.get(member.user_uuid);
    const other = uuids.find((uuid) => uuid !== member.user_uuid) ?? member.user_uuid;
    return {
      member,
      read: { seq: read_seq, count: history.countAt(read_seq) ?? 0 },
      ...(own && { sent: { seq: own.seq, count: own.count } }),
      ...(group.kind === 'direct' && { other: personOf(other) }),
      settings,
    };
  });
}

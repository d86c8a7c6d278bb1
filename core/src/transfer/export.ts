import type { Pool } from 'pg';
import * as conversations from '../conversations/snapshot.ts';
import * as erasures from '../erasure/erasures.ts';
import type { Summary } from '../inbox/summaries.ts';
import * as entries from '../log/entries.ts';
import { type Entry, entryFromItem } from '../log/entries.ts';
import { type IsErased, withoutErased } from '../log/erased.ts';
import { createHistory, type History } from '../log/fold.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { type Key, parseKey } from '../table/keys.ts';
import { scanPages } from '../table/read.ts';
import { linesOf, type StateLine } from './export-format.ts';
import * as peopleLines from './people-lines.ts';

/*
 * Exports everything that cannot be derived: people, logs, groups, members, read positions and settings. The rest of a
 * summary follows from the log.
 *
 * Each conversation is consistent even if others write: the export holds the log up to some entry, and the members at
 * that entry. People are read last, so they include everybody whom an entry names. Texts and names of erased people are
 * left out, even if the table still holds them.
 */

export type ExportOptions = { onItems?: ((items: number) => void) | undefined };

/** Everything, a page of the table at a time. 1 read unit for each 4 KB. Returns the manifest. */
export async function* everything(table: Table, pool: Pool, { onItems }: ExportOptions = {}) {
  return yield* linesOf('everything', stateOf(table, pool, onItems), table.clock.now());
}

async function* stateOf(
  table: Table,
  pool: Pool,
  onItems?: (items: number) => void,
): AsyncGenerator<StateLine> {
  const isErased = await erasures.everybody(pool);
  let items = 0;
  let open: History | undefined;
  for await (const page of scanPages(table)) {
    for (const item of page) {
      const key = parseKey(item as Key);
      if (key.item !== 'entry') continue;
      if (open?.uuid !== key.messageGroupUuid) {
        if (open) yield* membersOf(table, open, isErased);
        open = createHistory(key.messageGroupUuid);
      }
      const entry = entryFromItem(item);
      open.apply(entry);
      yield entryLine(entry, isErased);
    }
    items += page.length;
    onItems?.(items);
  }
  if (open) yield* membersOf(table, open, isErased);
  yield* peopleLines.everybody(pool);
}

/** One conversation, with everybody whom it names. Undefined if it does not exist. */
export async function conversation(table: Table, pool: Pool, messageGroupUuid: string) {
  if (!(await entries.get(table, messageGroupUuid, 1))) return undefined;
  return linesOf('conversation', conversationState(table, pool, messageGroupUuid), table.clock.now());
}

async function* conversationState(table: Table, pool: Pool, uuid: string): AsyncGenerator<StateLine> {
  const isErased = await erasures.everybody(pool);
  const history = createHistory(uuid);
  yield* entriesAfter(table, history, isErased);
  // One of the two people of a direct conversation may never have written.
  const { members: present } = await members.roster(table, uuid);
  yield* membersOf(table, history, isErased);
  yield* peopleLines.some(
    pool,
    new Set([...history.people.keys(), ...present.map(({ user_uuid }) => user_uuid)]),
  );
}

async function* entriesAfter(table: Table, history: History, isErased: IsErased): AsyncGenerator<StateLine> {
  const from = history.seq + 1;
  for await (const page of entries.pages(table, history.uuid, { from, order: 'ascending' }))
    for (const entry of page) {
      history.apply(entry);
      yield entryLine(entry, isErased);
    }
}

const entryLine = (entry: Entry, isErased: IsErased): StateLine => ({
  line: 'entry',
  ...withoutErased(entry, isErased),
});

const maxReads = 10;

/** The group and its members. If they have changed since the last entry of `history`, the newer entries come first. */
async function* membersOf(table: Table, history: History, isErased: IsErased): AsyncGenerator<StateLine> {
  for (let attempt = 1; ; attempt += 1) {
    const { group, members: present } = await members.roster(table, history.uuid);
    // The import of this conversation has not finished, so it has no members yet. Its log is exported.
    if (!group) return;
    if (isFoldOf(history, group, present) || attempt === maxReads) {
      const stored = await conversations.readSummaries(table, [{ uuid: history.uuid, members: present }]);
      yield { line: 'group', ...group };
      for (const member of present.toSorted(byUuid))
        yield memberLine(history, member, stored.get(history.uuid)?.get(member.user_uuid));
      return;
    }
    yield* entriesAfter(table, history, isErased);
  }
}

const byUuid = (one: Member, other: Member) => (one.user_uuid < other.user_uuid ? -1 : 1);

function isFoldOf(history: History, group: Group, present: Member[]): boolean {
  if (group.kind === 'direct') return true;
  if (group.title !== history.title || present.length !== history.members.size) return false;
  return present.every(({ user_uuid, role }) => history.members.get(user_uuid)?.role === role);
}

/** The line of a member, with settings and the read position as in the API (own messages count as read). */
function memberLine(history: History, member: Member, summary: Summary | undefined): StateLine {
  const own = history.own.get(member.user_uuid)?.seq ?? 0;
  const read_seq = Math.min(history.seq, Math.max(own, summary?.read_seq ?? 0));
  const settings = summary && settingsOf(summary);
  const line = { line: 'member' as const, message_group_uuid: history.uuid, ...member, read_seq };
  return settings && Object.keys(settings).length > 0 ? { ...line, settings } : line;
}

/** Attributes of a summary that follow from the log and the people, or that are exported as the read position. */
const derived = new Set([
  ...['user', 'message_group_uuid', 'kind', 'title', 'user_uuid', 'user_handle', 'user_display_name'],
  ...['message', 'sender_uuid', 'last_message_at', 'last_seq', 'message_count', 'large'],
  ...['sent_seq', 'sent_count', 'read_seq', 'read_count'],
]);

/** A member's settings: every other attribute of the summary. */
const settingsOf = (summary: Summary) =>
  Object.fromEntries(Object.entries(summary).filter(([name]) => !derived.has(name)));

import { flagsOf } from '@parley/contract/entry-kinds';
import type { Pool } from 'pg';
import * as conversations from '../conversations/snapshot.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { erasedIn, peopleOf, withoutErased } from '../log/erased.ts';
import * as members from '../log/members.ts';
import type { User } from '../people/users.ts';
import * as users from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { linesOf, type StateLine } from './export-format.ts';

/**
 * The data of one person, for that person: profile, conversations, and the person's own entries. A
 * conversation that the person has left contributes only own messages. 1 read unit for each 4 KB of these
 * conversations.
 */
export async function* person(table: Table, pool: Pool, user: User) {
  return yield* linesOf('person', stateOf(table, pool, user), table.clock.now());
}

async function* stateOf(table: Table, pool: Pool, user: User): AsyncGenerator<StateLine> {
  const { uuid, handle, display_name, bio, tone, email } = user;
  yield { line: 'person', uuid, handle, display_name, bio, tone, email };
  for (const messageGroupUuid of await conversations.ofPerson(table, uuid)) {
    const { group, member } = await members.membership(table, messageGroupUuid, uuid);
    if (group && member) yield await conversationLine(table, pool, group, member);
    const isOwn = (entry: Entry) =>
      entry.user_uuid === uuid && (member !== undefined || flagsOf(entry).countsAsMessage);
    for await (const page of entries.pages(table, messageGroupUuid, { order: 'ascending' })) {
      const own = page.filter(isOwn);
      const isErased = erasedIn(await users.findNames(pool, own.flatMap(peopleOf)));
      for (const entry of own) yield entryLine(withoutErased(entry, isErased));
    }
  }
}

async function conversationLine(
  table: Table,
  pool: Pool,
  { message_group_uuid, kind, title }: members.Group,
  { user_uuid, role, joined_at }: members.Member,
): Promise<StateLine> {
  const [summary] = await summaries.getMany(table, message_group_uuid, [user_uuid]);
  const other = summary?.user_uuid;
  const name = other === undefined ? undefined : (await users.findNames(pool, [other])).get(other);
  return {
    line: 'conversation',
    message_group_uuid,
    kind,
    ...(other === undefined
      ? { title }
      : { with: { uuid: other, handle: name?.handle, display_name: name?.display_name } }),
    role,
    joined_at,
    read_seq: summary && summaries.readPosition(summary).seq,
  };
}

const entryLine = ({
  message_group_uuid,
  seq,
  message_uuid,
  type,
  message,
  created_at,
}: Entry): StateLine => ({
  line: 'entry',
  message_group_uuid,
  seq,
  message_uuid,
  type,
  message,
  created_at,
});

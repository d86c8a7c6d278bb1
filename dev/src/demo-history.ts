import { flagsOf } from '@parley/contract/entry-kinds';
import * as notices from '@parley/core/conversations/notices';
import { conversationUuid, groupUuid } from '@parley/core/conversations/uuids';
import type { Change, Entry, Person } from '@parley/core/log/entries';
import type { StateLine } from '@parley/core/transfer/export-format';
import { v5 } from 'uuid';
import type { DemoConversation, Sitting } from './demo/conversation.ts';

/* A demo conversation as lines of an export (docs/export.md): with times of its own, and the same for the same moment. */

/** By handle. */
export type Everyone = ReadonlyMap<string, Person>;

/** A person types about five characters per second, after a moment to think. */
const typingMs = (message: string) => 8_000 + Math.min(message.length * 200, 90_000);
const dayMs = 86_400_000;

export function* linesOf(
  conversation: DemoConversation,
  everyone: Everyone,
  nowMs: number,
): Generator<StateLine> {
  const people = conversation.people.map((handle) => personOf(everyone, handle));
  const uuid = uuidOf(conversation, people);
  const entries = entriesOf(conversation, everyone, people, uuid, nowMs);
  for (const entry of entries) yield { line: 'entry', ...entry };
  const [first] = entries;
  if (!first) throw new Error(`nobody has said anything in ${conversation.name}`);
  const { created_at } = first;
  yield {
    line: 'group',
    message_group_uuid: uuid,
    created_by: first.user_uuid,
    created_at,
    member_count: people.length,
    version: 1,
    ...(conversation.title === undefined ? { kind: 'direct' } : { kind: 'group', title: conversation.title }),
  };
  for (const [index, handle] of conversation.people.entries()) {
    const isAdmin = conversation.title !== undefined && index === 0;
    yield {
      line: 'member',
      message_group_uuid: uuid,
      user_uuid: personOf(everyone, handle).uuid,
      role: isAdmin ? 'admin' : 'member',
      joined_at: created_at,
      read_seq: entries.length - (conversation.unread?.[handle] ?? 0),
      ...(conversation.mutedBy?.includes(handle) && { settings: { muted: true, settings_version: 1 } }),
    };
  }
}

function uuidOf({ name, title }: DemoConversation, [one, other]: Person[]) {
  if (!one || !other) throw new Error(`${name} has one person or none`);
  return title === undefined ? conversationUuid(one.uuid, other.uuid) : groupUuid(one.uuid, `seed-${name}`);
}

function entriesOf(
  { name, title, sittings }: DemoConversation,
  everyone: Everyone,
  people: Person[],
  messageGroupUuid: string,
  nowMs: number,
): Entry[] {
  const entries: Entry[] = [];
  let messageCount = 0;
  function append(author: Person, atMs: number, content: Change & { message: string }) {
    if (flagsOf(content).countsAsMessage) messageCount += 1;
    const seq = entries.length + 1;
    entries.push({
      ...content,
      message_group_uuid: messageGroupUuid,
      seq,
      // A repeated seed after an interruption finds the same entries.
      message_uuid: v5(`${name}:${seq}`, messageGroupUuid),
      user_uuid: author.uuid,
      user_handle: author.handle,
      user_display_name: author.display_name,
      created_at: new Date(Math.min(atMs, nowMs)).toISOString(),
      message_count: messageCount,
    });
  }
  const [creator] = people;
  const [first] = sittings;
  if (title !== undefined && creator && first) {
    const members = people.map(({ uuid }) => uuid);
    const message = notices.groupCreated(creator, title);
    append(creator, startOf(first, nowMs), { type: 'group_created', message, title, members });
  }
  for (const sitting of sittings) {
    let atMs = startOf(sitting, nowMs);
    for (const [from, message] of sitting.said) {
      atMs += typingMs(message);
      append(personOf(everyone, from), atMs, { type: 'message', message });
    }
  }
  return entries;
}

/** Days are those of UTC. */
function startOf(sitting: Sitting, nowMs: number): number {
  if ('minutesAgo' in sitting) return nowMs - sitting.minutesAgo * 60_000;
  const day = new Date(nowMs - sitting.daysAgo * dayMs).toISOString().slice(0, 10);
  return Date.parse(`${day}T${sitting.at}:00.000Z`);
}

function personOf(everyone: Everyone, handle: string): Person {
  const person = everyone.get(handle);
  if (!person) throw new Error(`${handle} was not made`);
  return person;
}

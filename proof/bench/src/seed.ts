import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { conversationUuid } from '@parley/core/conversations/uuids';
import { summaryItem } from '@parley/core/inbox/summaries';
import { type Entry, entryItem, type Person } from '@parley/core/log/entries';
import { groupItem, memberItem } from '@parley/core/log/members';
import type { Table } from '@parley/core/table/client';
import pLimit from 'p-limit';
import { text60 } from './people.ts';

const itemsPerTransaction = 100;
const transactionsInFlight = 4;

/** Writes direct conversations with `messages` entries and up-to-date summaries, and returns their uuids. */
export async function seedConversations(table: Table, pairs: [Person, Person][], messages: number) {
  const conversations = pairs.map((pair) => conversation(pair, messages));
  const items = conversations.flatMap((one) => one.items);
  const limit = pLimit(transactionsInFlight);
  const writes: Promise<unknown>[] = [];
  for (let start = 0; start < items.length; start += itemsPerTransaction) {
    const some = items.slice(start, start + itemsPerTransaction);
    const TransactItems = some.map((Item) => ({ Put: { TableName: table.name, Item } }));
    writes.push(limit(() => table.doc.send(new TransactWriteCommand({ TransactItems }))));
  }
  await Promise.all(writes);
  return conversations.map(({ uuid }) => uuid);
}

function conversation([sender, recipient]: [Person, Person], messages: number) {
  const uuid = conversationUuid(sender.uuid, recipient.uuid);
  const startedAtMs = Date.now() - messages * 1_000;
  const log = Array.from(
    { length: messages },
    (_, index): Entry => ({
      type: 'message',
      message_group_uuid: uuid,
      seq: index + 1,
      message_uuid: crypto.randomUUID(),
      message: text60,
      user_uuid: sender.uuid,
      user_handle: sender.handle,
      user_display_name: sender.display_name,
      created_at: new Date(startedAtMs + index * 1_000).toISOString(),
      message_count: index + 1,
    }),
  );
  const newest = log.at(-1);
  if (!newest) throw new Error('a conversation has a message');
  const created_at = new Date(startedAtMs).toISOString();
  const end = { seq: messages, count: messages };
  const nothing = { seq: 0, count: 0 };
  const summary = (person: Person, other: Person, sent: typeof end) =>
    summaryItem({
      userUuid: person.uuid,
      entry: newest,
      about: { kind: 'direct', other },
      read: nothing,
      sent,
    });
  const items: Record<string, unknown>[] = [
    ...log.map(entryItem),
    groupItem({
      message_group_uuid: uuid,
      kind: 'direct',
      created_by: sender.uuid,
      created_at,
      member_count: 2,
      version: 1,
    }),
    ...[sender, recipient].map((person) =>
      memberItem(uuid, { user_uuid: person.uuid, role: 'member', joined_at: created_at }),
    ),
    summary(sender, recipient, end),
    summary(recipient, sender, nothing),
  ];
  return { uuid, items };
}

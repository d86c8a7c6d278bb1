import * as summaries from '../inbox/summaries.ts';
import type { Entry, Person } from '../log/entries.ts';
import type { Draft, Log, TransactItem } from '../log/log.ts';
import type { Group } from '../log/members.ts';
import * as members from '../log/members.ts';
import { logStart, positionOf } from '../log/position.ts';
import type { Table } from '../table/client.ts';
import { firstOf, newMember, put, putNew } from './transaction-items.ts';

export type CreateDirect = {
  messageGroupUuid: string;
  sender: Person;
  recipient: Person;
  message: string;
  idempotencyKey?: string | undefined;
  bodyHash: string;
};

/** Creates a direct conversation with its first message. Undefined if somebody else has created it. */
export function createDirect(log: Log, input: CreateDirect): Promise<Entry | undefined> {
  const { messageGroupUuid, sender, recipient, message, idempotencyKey, bodyHash } = input;
  const draft: Draft = {
    type: 'message',
    message,
    author: sender,
    ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
  };
  return log.transact<Entry | undefined>(messageGroupUuid, async ({ seq, now }) => {
    if (seq > 0) return { answer: undefined };
    const group: Group = {
      message_group_uuid: messageGroupUuid,
      kind: 'direct',
      created_by: sender.uuid,
      created_at: now,
      member_count: 2,
      version: 1,
    };
    return {
      memberCount: 2,
      drafts: [draft],
      items: (written) => itemsOf(log.table, group, sender, recipient, firstOf(written)),
      result: firstOf,
    };
  });
}

function itemsOf(
  table: Table,
  group: Group,
  sender: Person,
  recipient: Person,
  entry: Entry,
): TransactItem[] {
  const summary = (person: Person, other: Person, sent: { seq: number; count: number }) =>
    put(
      table,
      summaries.summaryItem({
        userUuid: person.uuid,
        entry,
        about: { kind: 'direct', other },
        read: logStart,
        sent,
      }),
    );
  return [
    putNew(table, members.groupItem(group)),
    ...[sender, recipient].map((person) =>
      putNew(
        table,
        members.memberItem(group.message_group_uuid, newMember(person, 'member', group.created_at)),
      ),
    ),
    summary(sender, recipient, positionOf(entry)),
    summary(recipient, sender, logStart),
  ];
}

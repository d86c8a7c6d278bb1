import { createHash, randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import type { Draft, Log } from '../log/log.ts';
import type { Group } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { asSeenBy, type Roster } from './change-group.ts';
import * as notices from './notices.ts';
import { firstOf, joinGroup, newMember, putNew } from './transaction-items.ts';
import { groupUuid } from './uuids.ts';

export type Create = {
  creator: Person;
  title: string;
  /** Up to 48 others. The creator becomes a member and the admin. */
  people: Person[];
  idempotencyKey?: string | undefined;
};

/** Creates a group. A repeat with the same key returns the same group. Throws `idempotency_conflict`. */
export async function create(log: Log, { creator, title, people, idempotencyKey }: Create): Promise<Roster> {
  const messageGroupUuid =
    idempotencyKey === undefined ? randomUUID() : groupUuid(creator.uuid, idempotencyKey);
  const everyone = [...new Map([creator, ...people].map((person) => [person.uuid, person])).values()];
  const uuids = everyone.map(({ uuid }) => uuid);
  const bodyHash = hash([title, ...uuids.toSorted()]);
  return log.transact<Roster>(messageGroupUuid, async ({ seq, now }) => {
    if (seq > 0) return { answer: await existingGroup(log.table, messageGroupUuid, creator, bodyHash) };
    const group: Group = {
      message_group_uuid: messageGroupUuid,
      kind: 'group',
      title,
      created_by: creator.uuid,
      created_at: now,
      member_count: everyone.length,
      version: 1,
    };
    const roster = everyone.map((person) =>
      newMember(person, person.uuid === creator.uuid ? 'admin' : 'member', now),
    );
    const draft: Draft = {
      type: 'group_created',
      message: notices.groupCreated(creator, title),
      author: creator,
      title,
      members: uuids,
      ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
    };
    return {
      memberCount: everyone.length,
      drafts: [draft],
      items: (written) => [
        putNew(log.table, members.groupItem(group)),
        ...roster.flatMap((member) => joinGroup(log.table, group, member, firstOf(written))),
      ],
      result: () => ({ group, members: roster }),
    };
  });
}

async function existingGroup(
  table: Table,
  messageGroupUuid: string,
  creator: Person,
  bodyHash: string,
): Promise<Roster> {
  const [first, roster] = await Promise.all([
    entries.get(table, messageGroupUuid, 1),
    members.roster(table, messageGroupUuid),
  ]);
  if (first?.body_hash !== bodyHash) throw new AppError('idempotency_conflict');
  return asSeenBy(creator, roster);
}

const hash = (parts: string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

import { createHash, randomUUID } from 'node:crypto';
import { isolate } from '@parley/contract/direction';
import { AppError } from '../errors.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import type { Draft, Log, TransactItem } from '../log/log.ts';
import type { Group, Member, Role } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { leftKey, memberKey, summaryKey } from '../table/keys.ts';
import { groupUuid } from './uuids.ts';

/** A transaction holds 100 items: entry, group, and two for each person. */
export const maxPeoplePerTransaction = 48;
export const maxGroupMembers = 1_000;
/** Members whose read positions are told with a group's details. */
const maxReceipts = 50;

export type Roster = { group: Group; members: Member[] };

export type CreateDirect = {
  messageGroupUuid: string;
  sender: Person;
  recipient: Person;
  message: string;
  idempotencyKey?: string | undefined;
  bodyHash: string;
};

/** Creates a direct conversation with its first message; undefined where somebody else has created it meanwhile. */
export function createDirect(log: Log, input: CreateDirect): Promise<Entry | undefined> {
  const { messageGroupUuid, sender, recipient, message, idempotencyKey, bodyHash } = input;
  const draft: Draft = {
    type: 'message',
    message,
    author: sender,
    ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
  };
  const nothing = { seq: 0, count: 0 };
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
      items: (written) => {
        const entry = firstOf(written);
        const summary = (person: Person, other: Person, sent: summaries.Position) =>
          put(
            log,
            summaries.summaryItem({
              userUuid: person.uuid,
              entry,
              about: { kind: 'direct', other },
              read: nothing,
              sent,
            }),
          );
        return [
          putNew(log, members.groupItem(group)),
          ...[sender, recipient].map((person) =>
            putNew(log, members.memberItem(messageGroupUuid, newMember(person, 'member', now))),
          ),
          summary(sender, recipient, { seq: entry.seq, count: entry.message_count }),
          summary(recipient, sender, nothing),
        ];
      },
      result: firstOf,
    };
  });
}

export type Create = {
  creator: Person;
  title: string;
  /** Up to 48 others; the creator is in it, as its admin. */
  people: Person[];
  idempotencyKey?: string | undefined;
};

/** Creates a group. With a key it is safe to repeat: answers the same group. Throws `idempotency_conflict`. */
export async function create(log: Log, { creator, title, people, idempotencyKey }: Create): Promise<Roster> {
  const messageGroupUuid =
    idempotencyKey === undefined ? randomUUID() : groupUuid(creator.uuid, idempotencyKey);
  const everyone = [...new Map([creator, ...people].map((person) => [person.uuid, person])).values()];
  const uuids = everyone.map(({ uuid }) => uuid);
  const bodyHash = hash([title, ...uuids.toSorted()]);
  return log.transact<Roster>(messageGroupUuid, async ({ seq, now }) => {
    if (seq > 0) return { answer: await repeated(log.table, messageGroupUuid, creator, bodyHash) };
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
      message: `${nameOf(creator)} created the group “${isolate(title)}”`,
      author: creator,
      title,
      members: uuids,
      ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
    };
    return {
      memberCount: everyone.length,
      drafts: [draft],
      items: (written) => [
        putNew(log, members.groupItem(group)),
        ...roster.flatMap((member) => joined(log, group, member, firstOf(written))),
      ],
      result: () => ({ group, members: roster }),
    };
  });
}

async function repeated(
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

type ChangeInput = { messageGroupUuid: string; actor: Person };

/** Renames a group. Admins only. The same title again writes nothing. */
export function rename(log: Log, { title, ...input }: ChangeInput & { title: string }): Promise<Roster> {
  const { actor } = input;
  return change(log, input, ({ group, members: present }) => {
    requireAdmin(present, actor);
    if (group.title === title) return undefined;
    const message = `${nameOf(actor)} renamed the group to “${isolate(title)}”`;
    return {
      group: { ...group, title },
      members: present,
      drafts: [{ type: 'title_changed', message, author: actor, title }],
      items: () => [],
    };
  });
}

/** Adds people, 48 at most. Admins only. Who is a member already is passed over; if all are, nothing is written. */
export function addMembers(
  log: Log,
  { people, ...input }: ChangeInput & { people: Person[] },
): Promise<Roster> {
  const { actor } = input;
  return change(log, input, ({ group, members: present, now }) => {
    requireAdmin(present, actor);
    const known = new Set(present.map(({ user_uuid }) => user_uuid));
    const added = people.filter(({ uuid }) => !known.has(uuid));
    if (added.length === 0) return undefined;
    if (present.length + added.length > maxGroupMembers) throw new AppError('message_group_full');
    const newMembers = added.map((person) => newMember(person, 'member', now));
    const message = `${nameOf(actor)} added ${namesOf(added)}`;
    return {
      group,
      members: [...present, ...newMembers],
      drafts: [{ type: 'members_added', message, author: actor, members: added.map(({ uuid }) => uuid) }],
      items: (written) => newMembers.flatMap((member) => joined(log, group, member, firstOf(written))),
    };
  });
}

/**
 * Removes a member (admins), or lets the actor leave. Who is no member is passed over. When the last admin leaves, the
 * oldest member becomes one, by an entry of its own in the same transaction.
 */
export function removeMember(
  log: Log,
  { person, ...input }: ChangeInput & { person: Person },
): Promise<Roster> {
  const { actor, messageGroupUuid } = input;
  const isLeaving = person.uuid === actor.uuid;
  return change(log, input, ({ group, members: present }) => {
    if (!isLeaving) requireAdmin(present, actor);
    const leaver = present.find(({ user_uuid }) => user_uuid === person.uuid);
    if (!leaver) return undefined;
    const others = present.filter((member) => member !== leaver);
    const heir = others.some(({ role }) => role === 'admin') ? undefined : longestStanding(others);
    const message = isLeaving
      ? `${nameOf(actor)} left the group`
      : `${nameOf(actor)} removed ${nameOf(person)}`;
    const drafts: Draft[] = [{ type: 'member_removed', message, author: actor, members: [person.uuid] }];
    if (heir) {
      const message = 'The member of longest standing is now an admin';
      drafts.push({ type: 'role_changed', message, author: actor, members: [heir.user_uuid], role: 'admin' });
    }
    return {
      group,
      members: others.map((member) => (member === heir ? { ...member, role: 'admin' as const } : member)),
      drafts,
      items: () => [
        ...leave(log, messageGroupUuid, person.uuid),
        ...(heir ? [putRole(log, messageGroupUuid, heir.user_uuid, 'admin')] : []),
      ],
    };
  });
}

/** Makes a member an admin, or an admin a member. Admins only. Throws `last_admin` where none would be left. */
export function setRole(log: Log, { person, role, ...input }: ChangeInput & { person: Person; role: Role }) {
  const { actor, messageGroupUuid } = input;
  return change(log, input, ({ group, members: present }) => {
    requireAdmin(present, actor);
    const target = present.find(({ user_uuid }) => user_uuid === person.uuid);
    if (!target) throw new AppError('member_not_found');
    if (target.role === role) return undefined;
    const changed = present.map((member) => (member === target ? { ...member, role } : member));
    if (!changed.some((member) => member.role === 'admin')) throw new AppError('last_admin');
    const name = person.uuid === actor.uuid ? 'themselves' : nameOf(person);
    const message = `${nameOf(actor)} made ${name} ${role === 'admin' ? 'an admin' : 'a member'}`;
    return {
      group,
      members: changed,
      drafts: [{ type: 'role_changed', message, author: actor, members: [person.uuid], role }],
      items: () => [putRole(log, messageGroupUuid, person.uuid, role)],
    };
  });
}

type Decision = Roster & { drafts: Draft[]; items: (written: Entry[]) => TransactItem[] };

/** A transaction of the next entries, the members and summaries they concern, and the group on condition of its version. */
async function change(
  log: Log,
  { messageGroupUuid, actor }: ChangeInput,
  decide: (current: Roster & { now: string }) => Decision | undefined,
): Promise<Roster> {
  // A stranger is turned away before the members' queue.
  if (!(await members.get(log.table, messageGroupUuid, actor.uuid)))
    throw new AppError('message_group_not_found');
  return log.transact<Roster>(messageGroupUuid, async ({ now }) => {
    const current = asSeenBy(actor, await members.roster(log.table, messageGroupUuid));
    if (current.group.kind === 'direct') throw new AppError('direct_conversation');
    const decision = decide({ ...current, now });
    if (!decision) return { answer: current };
    const { version } = current.group;
    const group = { ...decision.group, member_count: decision.members.length, version: version + 1 };
    return {
      memberCount: group.member_count,
      drafts: decision.drafts,
      items: (written) => [...decision.items(written), putGroup(log, group, version)],
      result: () => ({ group, members: decision.members }),
    };
  });
}

/** A stranger learns nothing, not even that the conversation exists. */
function asSeenBy(
  person: Person,
  { group, members: present }: { group?: Group | undefined; members: Member[] },
): Roster {
  const isMember = present.some(({ user_uuid }) => user_uuid === person.uuid);
  if (!group || !isMember) throw new AppError('message_group_not_found');
  return { group, members: present };
}

function requireAdmin(present: Member[], actor: Person) {
  const member = present.find(({ user_uuid }) => user_uuid === actor.uuid);
  if (member?.role !== 'admin') throw new AppError('generic_403');
}

function longestStanding(present: Member[]): Member | undefined {
  const standing = ({ joined_at, user_uuid }: Member) => `${joined_at} ${user_uuid}`;
  return present.toSorted((one, other) => (standing(one) < standing(other) ? -1 : 1))[0];
}

const newMember = ({ uuid }: Person, role: Role, now: string): Member => ({
  user_uuid: uuid,
  role,
  joined_at: now,
});

/** A new member and the summary at the entry's position: the history may be read, and nothing is unread. */
function joined(log: Log, group: Group, member: Member, entry: Entry): TransactItem[] {
  const read = { seq: entry.seq, count: entry.message_count };
  const about = { kind: 'group', title: group.title ?? '', large: entry.large === true } as const;
  return [
    putNew(log, members.memberItem(group.message_group_uuid, member)),
    put(log, summaries.summaryItem({ userUuid: member.user_uuid, entry, about, read, unopened: true })),
  ];
}

/** What remains is a note of the conversation: it leads to what the leaver wrote. */
const leave = (log: Log, messageGroupUuid: string, userUuid: string): TransactItem[] => [
  {
    Delete: {
      TableName: log.table.name,
      Key: memberKey(messageGroupUuid, userUuid),
      ConditionExpression: 'attribute_exists(pk)',
    },
  },
  { Delete: { TableName: log.table.name, Key: summaryKey(userUuid, messageGroupUuid) } },
  put(log, leftKey(userUuid, messageGroupUuid)),
];

const put = (log: Log, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: log.table.name, Item },
});

const putNew = (log: Log, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: log.table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' },
});

const putGroup = (log: Log, group: Group, expectedVersion: number): TransactItem => ({
  Put: {
    TableName: log.table.name,
    Item: members.groupItem(group),
    ConditionExpression: 'version = :version',
    ExpressionAttributeValues: { ':version': expectedVersion },
  },
});

const putRole = (log: Log, messageGroupUuid: string, userUuid: string, role: Role): TransactItem => ({
  Update: {
    TableName: log.table.name,
    Key: memberKey(messageGroupUuid, userUuid),
    UpdateExpression: 'SET #role = :role',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#role': 'role' },
    ExpressionAttributeValues: { ':role': role },
  },
});

function firstOf([entry]: Entry[]): Entry {
  if (!entry) throw new Error('a transaction without an entry');
  return entry;
}

/** As a notice names a person: a name turns nothing of what stands beside it. */
export const nameOf = ({ display_name }: Person) => isolate(display_name);

export function namesOf(people: Person[]): string {
  const names = people.slice(0, 3).map(nameOf);
  const more = people.length - names.length;
  return new Intl.ListFormat('en').format(more > 0 ? [...names, `${more} more`] : names);
}

const hash = (parts: string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

export type Details = {
  group: Group;
  summary: summaries.Summary;
  /** In the order of their uuids; with what they have read in groups of up to 50. */
  members: (Member & { read_seq: number | null })[];
  hasMoreMembers: boolean;
};

export type GetInput = {
  userUuid: string;
  messageGroupUuid: string;
  limit: number;
  after?: string | undefined;
};

/** A conversation as one of its members sees it, with a page of members. Throws `message_group_not_found`. */
export async function get(
  table: Table,
  heads: summaries.Heads,
  { userUuid, messageGroupUuid, limit, after }: GetInput,
): Promise<Details> {
  const [summary, page] = await Promise.all([
    summaries.get(table, heads, userUuid, messageGroupUuid),
    members.page(table, messageGroupUuid, { after, limit }),
  ]);
  if (!summary) throw new AppError('message_group_not_found');
  // Looked at last: what was read before it, the caller was allowed to read.
  const { group, member } = await members.membership(table, messageGroupUuid, userUuid);
  if (!group || !member) throw new AppError('message_group_not_found');
  const withReceipts =
    group.member_count <= maxReceipts ? page.members.map(({ user_uuid }) => user_uuid) : [];
  const receipts = await summaries.getMany(table, messageGroupUuid, withReceipts);
  const readSeqs = new Map(receipts.map((receipt) => [receipt.user, summaries.readReceipt(receipt)]));
  return {
    group,
    summary,
    members: page.members.map((each) => ({ ...each, read_seq: readSeqs.get(each.user_uuid) ?? null })),
    hasMoreMembers: !page.isComplete,
  };
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { isolate } from '@parley/contract/direction';
import { flagsOf } from '@parley/contract/entry-kinds';
import type { Pool } from 'pg';
import { maxPeoplePerTransaction, nameOf, namesOf } from '../conversations/message-groups.ts';
import * as arrivals from '../erasure/arrivals.ts';
import * as erase from '../erasure/erase.ts';
import * as summaries from '../inbox/summaries.ts';
import { putIfFree, refusalOf } from '../log/append/append-writer.ts';
import * as entries from '../log/entries.ts';
import { type Change, type Entry, largeGroupMembers, type Person } from '../log/entries.ts';
import { type IsErased, withoutErased } from '../log/erased.ts';
import { createHistory } from '../log/fold.ts';
import { createLog, type TransactItem } from '../log/log.ts';
import type { Group } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { isTransientFault } from '../table/faults.ts';
import { type ImportedMessage, identityOf, type RoomPlan } from './import-plan.ts';
import * as positions from './import-positions.ts';

/*
 * Writes one room.
 *
 * 1. Its log first: who is in it, then what was said. Every transaction carries the line of the file it comes to, on
 *    condition of the one before, so an interruption, a lost answer or a second import appends nothing twice.
 * 2. Then its members, as the log has them, each with the summary of the whole log; the last of these transactions makes
 *    the group. Until then nobody is in it: the room appears as a whole, and no message of today comes between those of
 *    the file.
 * 3. Then who was erased since it began leaves, with what they said (arrivals.ts), and the room is finished.
 */

/** A transaction holds 100 items: these, and the position. */
export const messagesPerTransaction = 99;
const maxAttempts = 12;

export type RoomOptions = {
  table: Table;
  pool: Pool;
  source: string;
  plan: RoomPlan;
  position: positions.Position | undefined;
  /** Everybody, by identity. */
  people: Map<string, Person>;
  erased: () => Promise<IsErased>;
};

export type Room = ReturnType<typeof createRoom>;

export function createRoom({ table, pool, source, plan, position, people, erased }: RoomOptions) {
  const history = createHistory(plan.uuid);
  const startedAt = new Date(plan.startedAtMs).toISOString();
  const speakers = speakersOf(plan, people);
  const log = createLog(table, { batch: 'transactions' });
  /** Everybody is in the log before anything is said. */
  const isLarge = () => history.members.size > largeGroupMembers;
  let line = position?.line;
  let isRead = false;

  /** Appends messages in the order of the file. Safe to repeat: what is in the log already is passed over. */
  const append = (messages: ImportedMessage[]) =>
    untilDone(async () => {
      const absent = speakers.filter(({ uuid }) => !history.members.has(uuid));
      if (absent.length > 0) await write(membershipEntries(absent), line ?? 0);
      const left = messages.filter((message) => message.line > (line ?? 0));
      const last = left.at(-1);
      if (!last) return;
      const isErased = await erased();
      await write(
        messageEntries(left).map((entry) => withoutErased(entry, isErased)),
        last.line,
      );
    });

  /** Makes the members with their summaries, and the group. Safe to repeat. */
  const finish = () =>
    untilDone(async () => {
      const { group, members: present } = await members.roster(table, plan.uuid);
      if (!group) await makeGroup(new Set(present.map(({ user_uuid }) => user_uuid)));
      await erase.settle(log, pool, plan.uuid, [...history.people.keys()]);
      await arrivals.end(table, plan.uuid);
      await send([moveTo({ line: line ?? plan.lastLine, isFinished: true })]);
    });

  async function makeGroup(present: Set<string>) {
    const absent = [...history.members.keys()].filter((uuid) => !present.has(uuid));
    const items = absent.map(memberItems);
    while (items.length > maxPeoplePerTransaction)
      await send(items.splice(0, maxPeoplePerTransaction).flat());
    await send([...items.flat(), groupItem()]);
  }

  /** Tries a step until it is done: after a failure, from what the table holds then. */
  async function untilDone(step: () => Promise<void>) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!isRead) await read();
        return await step();
      } catch (error) {
        if (attempt === maxAttempts || !isWorthAnotherTry(error)) throw error;
        isRead = false;
        await sleep(Math.random() * Math.min(5_000, 25 * 2 ** attempt));
      }
    }
  }

  async function read() {
    const from = history.seq + 1;
    for await (const page of entries.pages(table, plan.uuid, { from, order: 'ascending' }))
      for (const entry of page) history.take(entry);
    line = (await positions.get(table, source, plan.uuid))?.line;
    isRead = true;
  }

  async function write(written: Entry[], newLine: number) {
    const items = [
      ...written.map((entry) => putIfFree(table, entry)),
      moveTo({ line: newLine, isFinished: false }),
    ];
    // With the first entries, not before: the file of another run may not name this room any more.
    if (history.seq === 0) items.push({ Put: arrivals.put(table, plan.uuid) });
    await send(items);
    for (const entry of written) history.take(entry);
    line = newLine;
  }

  const send = (TransactItems: TransactItem[]) => table.doc.send(new TransactWriteCommand({ TransactItems }));

  const moveTo = (to: positions.Position): TransactItem => ({
    Put: positions.put(table, {
      source,
      messageGroupUuid: plan.uuid,
      title: plan.title,
      to,
      fromLine: line,
    }),
  });

  function messageEntries(messages: ImportedMessage[]): Entry[] {
    let createdAt = history.newest?.created_at ?? startedAt;
    return messages.map(({ at, handle, text }, index) => {
      // A time that runs backward is raised: an entry is never older than the one before.
      if (at > createdAt) createdAt = at;
      const author = personOf(people, identityOf(handle));
      return nextEntry(index + 1, author, {
        type: 'message',
        message: text,
        created_at: createdAt,
        ...(isLarge() && { large: true as const }),
      });
    });
  }

  /** The first to speak creates the group, and adds those who do not fit into one entry. */
  function membershipEntries(absent: Person[]): Entry[] {
    const [creator] = speakers;
    if (!creator) return [];
    const name = nameOf(creator);
    const created_at = history.newest?.created_at ?? startedAt;
    return chunksOf(absent, maxPeoplePerTransaction).map((chunk, index) => {
      const uuids = chunk.map(({ uuid }) => uuid);
      const change: Change & { message: string } =
        history.seq + index === 0
          ? {
              type: 'group_created',
              message: `${name} created the group “${isolate(plan.title)}”`,
              title: plan.title,
              members: uuids,
            }
          : {
              type: 'members_added',
              message: `${name} added ${namesOf(chunk)}`,
              members: uuids,
            };
      return nextEntry(index + 1, creator, { ...change, created_at });
    });
  }

  const nextEntry = (
    offset: number,
    author: Person,
    content: Change & Pick<Entry, 'message' | 'created_at' | 'large'>,
  ): Entry => ({
    ...content,
    message_group_uuid: plan.uuid,
    seq: history.seq + offset,
    message_uuid: randomUUID(),
    user_uuid: author.uuid,
    user_handle: author.handle,
    user_display_name: author.display_name,
    message_count: history.messageCount + (flagsOf(content).countsAsMessage ? offset : 0),
  });

  /** A member and a summary of the whole log: nobody has read more than up to their own last message. */
  function memberItems(uuid: string): TransactItem[] {
    const { newest } = history;
    const member = history.members.get(uuid);
    if (!newest || !member) throw new Error(`${uuid} is not in the log of ${plan.uuid}`);
    const item = summaries.summaryItem({
      userUuid: uuid,
      entry: newest,
      about: { kind: 'group', title: plan.title, large: isLarge() },
      read: member.joined,
      sent: history.own.get(uuid) ?? start,
      unopened: true,
    });
    return [
      putNew(members.memberItem(plan.uuid, { user_uuid: uuid, role: member.role, joined_at: startedAt })),
      putNew(item),
    ];
  }

  function groupItem(): TransactItem {
    const [creator = ''] = [...history.members].find(([, { role }]) => role === 'admin') ?? [];
    const group: Group = {
      message_group_uuid: plan.uuid,
      kind: 'group',
      title: plan.title,
      created_by: creator,
      created_at: startedAt,
      member_count: history.members.size,
      version: 1,
    };
    return putNew(members.groupItem(group));
  }

  const putNew = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' },
  });

  return { append, finish };
}

const start: summaries.Position = { seq: 0, count: 0 };

/** The engine failed, or somebody else has written: the position and the log tell how far it came. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) return refusalOf(error) !== undefined;
  return isTransientFault(error);
}

/** Those who speak in a room, the first to speak first. Two handles may be one person's. */
function speakersOf(plan: RoomPlan, people: Map<string, Person>): Person[] {
  const speakers = [...plan.people].map((identity) => personOf(people, identity));
  return [...new Map(speakers.map((person) => [person.uuid, person])).values()];
}

function personOf(people: Map<string, Person>, identity: string): Person {
  const person = people.get(identity);
  if (!person) throw new Error(`nobody was made for the handle ${identity}`);
  return person;
}

function chunksOf<T>(all: T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let first = 0; first < all.length; first += size) chunks.push(all.slice(first, first + size));
  return chunks;
}

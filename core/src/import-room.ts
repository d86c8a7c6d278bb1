import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import * as entries from './entries.ts';
import { type Entry, largeGroupMembers, type Person } from './entries.ts';
import { createHistory } from './history.ts';
import { type ImportedMessage, identityOf, type RoomPlan } from './import-plan.ts';
import * as positions from './import-positions.ts';
import { createLog, type Draft, type Log } from './log.ts';
import type { Group } from './members.ts';
import * as members from './members.ts';
import { joined, maxPeoplePerTransaction, namesOf, newMember, putGroup, putNew } from './message-groups.ts';
import type { Projector } from './projector.ts';
import { putIfFree, refusalOf } from './table/append-writer.ts';
import type { Table } from './table/client.ts';
import { isTransientFault } from './table/faults.ts';

/** A transaction holds 100 items: these, and the position. */
export const messagesPerTransaction = 99;
const maxAttempts = 12;

export type RoomOptions = {
  table: Table;
  projector: Projector;
  source: string;
  plan: RoomPlan;
  position: positions.Position | undefined;
  /** Everybody, by identity. */
  people: Map<string, Person>;
};

export type Room = ReturnType<typeof createRoom>;

/**
 * Writes one room's log: its members first, then its messages. Every transaction of messages carries the position of
 * its last line on condition of the one before, so an interruption, a lost answer or a second import of the same file
 * appends nothing twice.
 */
export function createRoom({ table, projector, source, plan, position, people }: RoomOptions) {
  const history = createHistory(plan.uuid);
  const speakers = speakersOf(plan, people);
  const large = speakers.length > largeGroupMembers && { large: true as const };
  let line = position?.line;
  let isOpen = false;

  async function open() {
    if (isOpen) return;
    await ensureMembers(table, plan, speakers);
    await catchUp();
    isOpen = true;
  }

  async function catchUp() {
    const from = history.seq + 1;
    for await (const page of entries.pages(table, plan.uuid, { from, order: 'ascending' }))
      for (const entry of page) history.take(entry);
  }

  /** Safe to repeat: what is in the log already is passed over. */
  async function append(messages: ImportedMessage[]) {
    await open();
    for (let attempt = 1; ; attempt += 1) {
      const left = messages.filter((message) => message.line > (line ?? 0));
      const last = left.at(-1);
      if (!last) return;
      const written = nextEntries(left);
      try {
        await write(written, last.line);
        for (const entry of written) history.take(entry);
        line = last.line;
        return;
      } catch (error) {
        if (attempt === maxAttempts || !isWorthAnotherTry(error)) throw error;
        await sleep(Math.random() * Math.min(5_000, 25 * 2 ** attempt));
        line = (await positions.get(table, source, plan.uuid))?.line;
        await catchUp();
      }
    }
  }

  async function write(written: Entry[], newLine: number) {
    const Put = moveTo({ line: newLine, isFinished: false });
    const TransactItems = [...written.map((entry) => putIfFree(table, entry)), { Put }];
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
  }

  function nextEntries(messages: ImportedMessage[]): Entry[] {
    let createdAt = history.newest?.created_at ?? '';
    return messages.map((message, index) => {
      const { at, text } = message;
      const { uuid, handle, display_name } = personOf(people, identityOf(message.handle));
      // A time that runs backward is raised: an entry is never older than the one before.
      if (at > createdAt) createdAt = at;
      return {
        type: 'message',
        message_group_uuid: plan.uuid,
        seq: history.seq + 1 + index,
        message_uuid: randomUUID(),
        message: text,
        user_uuid: uuid,
        user_handle: handle,
        user_display_name: display_name,
        created_at: createdAt,
        message_count: history.messageCount + 1 + index,
        ...large,
      };
    });
  }

  /** Brings the summaries to the end of the log, as the stream would: nobody has read more than their own messages. */
  async function finish() {
    await open();
    const { newest } = history;
    if (!newest || line === undefined) return;
    const record = (entry: Entry) => ({ entry, writtenAtMs: table.clock.now(), sequenceNumber: '' });
    // Of all but the newest entry the projector takes only whose it is, and where.
    const own = [...history.own].map(([user_uuid, { seq, count }]) =>
      record({ ...newest, type: 'message', user_uuid, seq, message_count: count }),
    );
    const failed = await projector.project([
      ...own.filter(({ entry }) => entry.seq < newest.seq),
      record(newest),
    ]);
    for (const error of failed.values()) throw error;
    await table.doc.send(new PutCommand(moveTo({ line, isFinished: true })));
  }

  const moveTo = (to: positions.Position) =>
    positions.put(table, { source, messageGroupUuid: plan.uuid, title: plan.title, to, fromLine: line });

  return { append, finish };
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

/** The engine failed, or somebody else has written: the position and the log tell how far it came. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) return refusalOf(error) !== undefined;
  return isTransientFault(error);
}

/** Makes the group, or adds those it lacks, 48 people at a time. Safe to repeat. */
async function ensureMembers(table: Table, plan: RoomPlan, people: Person[]) {
  const clock = { ...table.clock, now: () => plan.startedAtMs };
  const log = createLog({ ...table, clock }, { batch: 'transactions', deadlineMs: 30_000 });
  const present = new Set((await members.roster(table, plan.uuid)).members.map(({ user_uuid }) => user_uuid));
  const missing = people.filter(({ uuid }) => !present.has(uuid));
  const [creator] = people;
  if (!creator) return;
  for (let start = 0; start < missing.length; start += maxPeoplePerTransaction)
    await addMembers(log, plan, creator, missing.slice(start, start + maxPeoplePerTransaction));
}

function addMembers(log: Log, { uuid, title }: RoomPlan, creator: Person, people: Person[]): Promise<void> {
  return log.transact<void>(uuid, async ({ seq, now }) => {
    const { group: current, members: present } = await members.roster(log.table, uuid);
    const known = new Set(present.map(({ user_uuid }) => user_uuid));
    const added = people.filter((person) => !known.has(person.uuid));
    if (added.length === 0) return { answer: undefined };
    const group: Group = {
      kind: 'group',
      title,
      created_by: creator.uuid,
      created_at: now,
      ...current,
      message_group_uuid: uuid,
      member_count: present.length + added.length,
      version: (current?.version ?? 0) + 1,
    };
    const isNew = seq === 0;
    const draft: Draft = isNew
      ? {
          type: 'group_created',
          message: `${creator.display_name} created the group “${title}”`,
          author: creator,
          title,
          members: added.map((person) => person.uuid),
        }
      : {
          type: 'members_added',
          message: `${creator.display_name} added ${namesOf(added)}`,
          author: creator,
          members: added.map((person) => person.uuid),
        };
    const roster = added.map((person) =>
      newMember(person, isNew && person.uuid === creator.uuid ? 'admin' : 'member', now),
    );
    return {
      drafts: [draft],
      items: (written) => [
        ...written.flatMap((entry) => roster.flatMap((member) => joined(log, group, member, entry))),
        current ? putGroup(log, group, current.version) : putNew(log, members.groupItem(group)),
      ],
      result: () => undefined,
    };
  });
}

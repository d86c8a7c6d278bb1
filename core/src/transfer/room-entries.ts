import { randomUUID } from 'node:crypto';
import { flagsOf } from '@parley/contract/entry-kinds';
import { maxPeoplePerTransaction } from '../conversations/limits.ts';
import * as notices from '../conversations/notices.ts';
import { type Change, type Entry, largeGroupMembers, type Person } from '../log/entries.ts';
import type { History } from '../log/fold.ts';
import type { Group } from '../log/members.ts';
import { logStart } from '../log/position.ts';
import type { WrittenMember } from './conversation-writer.ts';
import { type ImportedMessage, identityOf, type RoomPlan } from './import-plan.ts';

/* The entries, members and group of an imported room, computed from its plan and its log so far. */

const startOf = (plan: RoomPlan) => new Date(plan.startedAtMs).toISOString();

/** Every speaker is in the log before the first message. */
const isLarge = (history: History) => history.members.size > largeGroupMembers;

/** The speakers of a room in the order of their first message. Two handles may belong to one person. */
export function speakersOf(plan: RoomPlan, people: Map<string, Person>): Person[] {
  const speakers = [...plan.people].map((identity) => personOf(people, identity));
  return [...new Map(speakers.map((person) => [person.uuid, person])).values()];
}

function personOf(people: Map<string, Person>, identity: string): Person {
  const person = people.get(identity);
  if (!person) throw new Error(`the handle ${identity} has no person`);
  return person;
}

/** The next entries for these messages. A time before the previous entry's is raised to that time. */
export function messageEntries(
  history: History,
  plan: RoomPlan,
  people: Map<string, Person>,
  messages: ImportedMessage[],
): Entry[] {
  let createdAt = history.newest?.created_at ?? startOf(plan);
  return messages.map(({ at, handle, text }, index) => {
    if (at > createdAt) createdAt = at;
    return nextEntry(history, index + 1, personOf(people, identityOf(handle)), {
      type: 'message',
      message: text,
      created_at: createdAt,
      ...(isLarge(history) && { large: true as const }),
    });
  });
}

/** The membership entries that are missing. The first speaker creates the group, and adds others 48 at a time. */
export function membershipEntries(history: History, plan: RoomPlan, speakers: Person[]): Entry[] {
  const [creator] = speakers;
  if (!creator) return [];
  const absent = speakers.filter(({ uuid }) => !history.members.has(uuid));
  const created_at = history.newest?.created_at ?? startOf(plan);
  return chunksOf(absent, maxPeoplePerTransaction).map((chunk, index) => {
    const members = chunk.map(({ uuid }) => uuid);
    const change: Change & { message: string } =
      history.seq + index === 0
        ? {
            type: 'group_created',
            message: notices.groupCreated(creator, plan.title),
            title: plan.title,
            members,
          }
        : { type: 'members_added', message: notices.membersAdded(creator, chunk), members };
    return nextEntry(history, index + 1, creator, { ...change, created_at });
  });
}

const nextEntry = (
  history: History,
  offset: number,
  author: Person,
  content: Change & Pick<Entry, 'message' | 'created_at' | 'large'>,
): Entry => ({
  ...content,
  message_group_uuid: history.uuid,
  seq: history.seq + offset,
  message_uuid: randomUUID(),
  user_uuid: author.uuid,
  user_handle: author.handle,
  user_display_name: author.display_name,
  message_count: history.messageCount + (flagsOf(content).countsAsMessage ? offset : 0),
});

/** The members according to the log. Each has read up to their own last message. */
export const membersOf = (history: History, plan: RoomPlan): WrittenMember[] =>
  [...history.members].map(([user_uuid, { role, joined }]) => ({
    member: { user_uuid, role, joined_at: startOf(plan) },
    read: joined,
    sent: history.own.get(user_uuid) ?? logStart,
    unopened: true,
  }));

export function groupOf(history: History, plan: RoomPlan): Group {
  const [creator = ''] = [...history.members].find(([, { role }]) => role === 'admin') ?? [];
  return {
    message_group_uuid: plan.uuid,
    kind: 'group',
    title: plan.title,
    created_by: creator,
    created_at: startOf(plan),
    member_count: history.members.size,
    version: 1,
  };
}

function chunksOf<T>(all: T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let first = 0; first < all.length; first += size) chunks.push(all.slice(first, first + size));
  return chunks;
}

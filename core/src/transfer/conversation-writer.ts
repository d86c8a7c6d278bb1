import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import { maxPeoplePerTransaction } from '../conversations/limits.ts';
import { put, putNew } from '../conversations/transaction-items.ts';
import * as arrivals from '../erasure/arrivals.ts';
import * as erase from '../erasure/erase.ts';
import * as summaries from '../inbox/summaries.ts';
import { putIfFree, refusalOf } from '../log/append/append-writer.ts';
import type { Entry, Person } from '../log/entries.ts';
import { largeGroupMembers } from '../log/entries.ts';
import type { History } from '../log/fold.ts';
import type { Log, TransactItem } from '../log/log.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { LogPosition } from '../log/position.ts';
import type { Table } from '../table/client.ts';
import { isTransientFault } from '../table/faults.ts';
import { leftKey } from '../table/keys.ts';

/*
 * Writes a conversation of an import or a restore.
 *
 * 1. It writes the log, each entry on condition that its number is free.
 * 2. Then the members, each with a summary of the whole log. The last of these transactions creates the group. Until
 *    then nobody can post, so the conversation appears as a whole, and no new message comes between the old ones.
 * 3. Then it removes people who were erased meanwhile, and their texts (arrivals.ts).
 *
 * Each step may be repeated. After a failure it starts from what the table holds then.
 */

const maxAttempts = 12;

export const transact = (table: Table, TransactItems: TransactItem[]) =>
  table.doc.send(new TransactWriteCommand({ TransactItems }));

export const entryItems = (table: Table, entries: Entry[]): TransactItem[] =>
  entries.map((entry) => putIfFree(table, entry));

/** Repeats a step until it succeeds. Throws errors of the request itself, and the error of the last attempt. */
export async function untilDone<T>(step: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step(attempt);
    } catch (error) {
      if (attempt === maxAttempts || !isWorthAnotherAttempt(error)) throw error;
      // No wait after the first failure: in a repeated run it usually means that the items exist.
      if (attempt > 1) await sleep(Math.random() * Math.min(5_000, 25 * 2 ** attempt));
    }
  }
}

/** Whether the table failed or the items exist already. */
function isWorthAnotherAttempt(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) return refusalOf(error) !== undefined;
  return isTransientFault(error);
}

export type WrittenMember = {
  member: Member;
  read: LogPosition;
  sent?: LogPosition | undefined;
  unopened?: boolean;
  /** The other person of a direct conversation. */
  other?: Person | undefined;
  /** Attributes of the summary that the log does not determine. */
  settings?: Record<string, unknown> | undefined;
};

/** Creates the missing members with their summaries, and last the group. Writes nothing if the group exists. */
export async function createGroup(
  table: Table,
  history: History,
  group: Group,
  everybody: WrittenMember[],
): Promise<void> {
  const stored = await members.roster(table, history.uuid);
  if (stored.group) return;
  const present = new Set(stored.members.map(({ user_uuid }) => user_uuid));
  const absent = everybody.filter(({ member }) => !present.has(member.user_uuid));
  const items = [
    ...[...history.left].map((userUuid) => [put(table, leftKey(userUuid, history.uuid))]),
    ...absent.map((each) => memberItems(table, history, group, each)),
  ];
  while (items.length > maxPeoplePerTransaction)
    await transact(table, items.splice(0, maxPeoplePerTransaction).flat());
  await transact(table, [...items.flat(), putNew(table, members.groupItem(group))]);
}

function memberItems(
  table: Table,
  { uuid, newest }: History,
  group: Group,
  { member, read, sent, unopened, other, settings }: WrittenMember,
): TransactItem[] {
  if (!newest) throw new Error(`${uuid} has members but no log`);
  const about = other
    ? ({ kind: 'direct', other } as const)
    : ({ kind: 'group', title: group.title ?? '', large: group.member_count > largeGroupMembers } as const);
  const summary = summaries.summaryItem({
    userUuid: member.user_uuid,
    entry: newest,
    about,
    read,
    ...(sent && { sent }),
    ...(unopened && { unopened }),
  });
  return [putNew(table, members.memberItem(uuid, member)), putNew(table, { ...settings, ...summary })];
}

/** Removes people who were erased while the conversation was written, and takes it off the list of arrivals. */
export async function endArrival(log: Log, pool: Pool, history: History) {
  await erase.settle(log, pool, history.uuid, [...history.people.keys()]);
  await arrivals.end(log.table, history.uuid);
}

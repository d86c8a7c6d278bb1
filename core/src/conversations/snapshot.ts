import type { Summary } from '../inbox/summaries.ts';
import * as summaries from '../inbox/summaries.ts';
import { type History, type HistoryOptions, readHistory } from '../log/fold.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { type Key, leftKey, leftPk, parseKey, summariesPk, summaryKey } from '../table/keys.ts';
import { batchGet, queryAll } from '../table/read.ts';

/** A conversation as the table holds it: its folded log, its members and their summaries. */
export type ConversationSnapshot = {
  history: History;
  group?: Group | undefined;
  members: Member[];
  /** By user_uuid. */
  summaries: Map<string, Summary>;
  /** Of the people who ever left, those with a `LEFT#` item. */
  leavers: Set<string>;
};

const maxReads = 5;

/**
 * Reads a conversation consistently while others write. Undefined if its members changed during each of five attempts.
 *
 * 1. Reads the members before the log, and the group's version after it. The same version means the same members.
 * 2. Reads summaries before the log, so the log holds every entry that they show.
 */
export async function read(
  table: Table,
  messageGroupUuid: string,
  options?: HistoryOptions,
): Promise<ConversationSnapshot | undefined> {
  for (let attempt = 0; attempt < maxReads; attempt += 1) {
    const roster = await members.roster(table, messageGroupUuid);
    const stored = await readSummaries(table, [{ uuid: messageGroupUuid, members: roster.members }]);
    const history = await readHistory(table, messageGroupUuid, options);
    const group = await members.group(table, messageGroupUuid);
    const leavers = await readLeavers(table, [history]);
    if (group?.version !== roster.group?.version) continue;
    return {
      ...roster,
      history,
      summaries: stored.get(messageGroupUuid) ?? new Map(),
      leavers: leavers.get(messageGroupUuid) ?? new Set(),
    };
  }
  return undefined;
}

/** The summaries of the members of several conversations, by conversation and by user. */
export async function readSummaries(table: Table, conversations: { uuid: string; members: Member[] }[]) {
  const keys = conversations.flatMap(({ uuid, members }) =>
    members.map(({ user_uuid }) => summaryKey(user_uuid, uuid)),
  );
  const found = new Map<string, Map<string, Summary>>(conversations.map(({ uuid }) => [uuid, new Map()]));
  for (const item of await batchGet(table, keys)) {
    const summary = summaries.summaryFromItem(item);
    found.get(summary.message_group_uuid)?.set(summary.user, summary);
  }
  return found;
}

/** Of the people who ever left, those with a `LEFT#` item, by conversation. */
export async function readLeavers(table: Table, histories: Pick<History, 'uuid' | 'left'>[]) {
  const keys = histories.flatMap(({ uuid, left }) => [...left].map((userUuid) => leftKey(userUuid, uuid)));
  const found = new Map<string, Set<string>>(histories.map(({ uuid }) => [uuid, new Set()]));
  for (const item of await batchGet(table, keys)) {
    const key = parseKey(item as Key);
    if (key.item === 'left') found.get(key.messageGroupUuid)?.add(key.userUuid);
  }
  return found;
}

/** Access pattern: every conversation a person is or was in. 1 read unit for each 4 KB, twice. */
export async function ofPerson(table: Table, userUuid: string): Promise<string[]> {
  const present = await sortKeysOf(table, summariesPk(userUuid));
  const left = await sortKeysOf(table, leftPk(userUuid));
  return [...new Set([...present, ...left])];
}

async function sortKeysOf(table: Table, pk: string): Promise<string[]> {
  const found: string[] = [];
  const items = queryAll(table, {
    TableName: table.name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
    ProjectionExpression: 'sk',
  });
  for await (const item of items) found.push((item as Key).sk);
  return found;
}

import type { Summary } from '../inbox/summaries.ts';
import * as summaries from '../inbox/summaries.ts';
import { tombstoneHandle } from '../log/erased.ts';
import { type Finding, type History, type HistoryOptions, keyText, readHistory } from '../log/fold.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import {
  groupKey,
  type Key,
  leftKey,
  leftPk,
  memberKey,
  parseKey,
  summariesPk,
  summaryKey,
} from '../table/keys.ts';
import { batchGet, queryAll } from '../table/read.ts';
import { conversationUuid } from './uuids.ts';

/** Everything stored of one conversation: its folded log, its members, and the summary of each of them. */
export type Conversation = {
  history: History;
  group?: Group | undefined;
  members: Member[];
  /** By user_uuid. */
  summaries: Map<string, Summary>;
  /** Whose leaving is noted, of those who ever left. */
  leavers: Set<string>;
};

const maxReads = 5;

/**
 * Reads a conversation in one piece while others write. Undefined where its members changed during each of five tries.
 *
 * 1. Members before the log, the group's version again after it: the same version means the same members throughout.
 * 2. Summaries before the log: what they show, the log already held when it was read.
 */
export async function read(
  table: Table,
  messageGroupUuid: string,
  options?: HistoryOptions,
): Promise<Conversation | undefined> {
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

/** The summaries of the members of many conversations: by conversation, and by user. */
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

/** Of those who ever left these conversations, those with a note of it: by conversation. */
export async function readLeavers(table: Table, histories: Pick<History, 'uuid' | 'left'>[]) {
  const keys = histories.flatMap(({ uuid, left }) => [...left].map((userUuid) => leftKey(userUuid, uuid)));
  const found = new Map<string, Set<string>>(histories.map(({ uuid }) => [uuid, new Set()]));
  for (const item of await batchGet(table, keys)) {
    const key = parseKey(item as Key);
    if (key.item === 'left') found.get(key.messageGroupUuid)?.add(key.userUuid);
  }
  return found;
}

/** What the table holds against the invariants of a conversation. */
export function faults(conversation: Conversation): Finding[] {
  const found = [...conversation.history.findings, ...membershipFaults(conversation)];
  if (conversation.history.isBroken) return found;
  return [...found, ...conversation.members.flatMap((member) => summaryFaults(conversation, member))];
}

/** Members and title are the fold of the log; a direct conversation is the one of its two people. */
function membershipFaults({ history, group, members, leavers }: Conversation): Finding[] {
  const { uuid } = history;
  const found: Finding[] = [];
  const fault = (detail: string, key = groupKey(uuid), invariant: 5 | 7 = 5) =>
    found.push({ invariant, key: keyText(key), detail });
  if (!group) {
    fault('is missing (was an import stopped?)');
    return found;
  }
  if (history.seq === 0) fault('is a conversation without a log');
  if (group.member_count !== members.length)
    fault(`member_count is ${group.member_count}, and there are ${members.length} members`);
  if ((group.kind === 'group') !== history.isGroup) fault(`is a ${group.kind}, and its log says otherwise`);
  if (group.kind === 'direct') {
    const [one, other] = members.map(({ user_uuid }) => user_uuid);
    if (!one || !other || members.length > 2) fault(`a direct conversation of ${members.length} people`);
    else if (conversationUuid(one, other) !== uuid)
      fault('the uuid is not that of its two members', undefined, 7);
    for (const author of history.own.keys())
      if (author !== one && author !== other) fault(`${author} wrote, who is not one of the two`);
    return found;
  }
  for (const userUuid of history.left)
    if (!leavers.has(userUuid)) fault('is missing: this person left', leftKey(userUuid, uuid));
  if (group.title !== history.title) fault(`title is “${group.title}”, and “${history.title}” in the log`);
  const present = new Map(members.map((member) => [member.user_uuid, member]));
  for (const [userUuid, { role }] of history.members) {
    const member = present.get(userUuid);
    if (!member) fault('is missing: the log makes this person a member', memberKey(uuid, userUuid));
    else if (member.role !== role)
      fault(`role is ${member.role}, and ${role} in the log`, memberKey(uuid, userUuid));
  }
  for (const userUuid of present.keys())
    if (!history.members.has(userUuid))
      fault('the log does not make this person a member', memberKey(uuid, userUuid));
  return found;
}

/**
 * A summary shows the newest entry there was at the history's mark, or a later one, and its positions are the log's.
 * One fault for each invariant.
 */
export function summaryFaults(conversation: Conversation, { user_uuid }: Member): Finding[] {
  const { history, group, summaries: stored } = conversation;
  const key = keyText(summaryKey(user_uuid, history.uuid));
  const summary = stored.get(user_uuid);
  if (!summary) return [{ invariant: 5, key, detail: 'is missing: this person is a member' }];
  const found: Finding[] = [];
  const count = countFault(history, summary);
  if (count) found.push({ invariant: 4, key, detail: count });
  const shown = shownFault(conversation, summary) ?? ownFault(history, summary);
  if (shown) found.push({ invariant: 3, key, detail: shown });
  const other = summary.user_uuid;
  if (other && history.isErased(other) && summary.user_handle !== tombstoneHandle(other))
    found.push({ invariant: 8, key, detail: `names ${other}, who was erased` });
  if (group && group.kind !== summary.kind)
    found.push({ invariant: 5, key, detail: `is of a ${summary.kind} conversation, not ${group.kind}` });
  return found;
}

function countFault(history: History, summary: Summary): string | undefined {
  const pairs = [
    ['last_seq', summary.last_seq, 'message_count', summary.message_count],
    ['sent_seq', summary.sent_seq, 'sent_count', summary.sent_count],
    ['read_seq', summary.read_seq, 'read_count', summary.read_count],
  ] as const;
  for (const [position, seq, name, count] of pairs) {
    const counted = history.countAt(seq);
    if (counted === undefined) return `${position} is ${seq}, and the log ends at ${history.seq}`;
    if (counted !== count) return `${name} is ${count}, and ${counted} at ${position} ${seq}`;
  }
  return undefined;
}

function shownFault({ history, group, members }: Conversation, summary: Summary): string | undefined {
  const mustReach = Math.min(history.seq, history.mark);
  if (summary.last_seq < mustReach) return `is at entry ${summary.last_seq}, and the newest is ${mustReach}`;
  if (group?.kind === 'direct') {
    const other = members.find(({ user_uuid }) => user_uuid !== summary.user)?.user_uuid;
    if (summary.user_uuid !== other) return `names ${summary.user_uuid} as the other person, not ${other}`;
  }
  if (group?.kind === 'group' && summary.last_seq === history.seq && summary.title !== group.title)
    return `title is “${summary.title}”, not “${group.title}”`;
  const shown = history.entryAt(summary.last_seq);
  for (const [name, value] of Object.entries(shown ? summaries.newestOf(shown) : {}))
    if (summary[name as keyof Summary] !== value) return `${name} is not that of entry ${summary.last_seq}`;
  return undefined;
}

/** A member who was added again starts at `sent_seq` 0, with the read position past what was sent before. */
function ownFault(history: History, { user, sent_seq, read_seq }: Summary): string | undefined {
  const own = history.own.get(user)?.seq ?? 0;
  const ownByMark = history.ownByMark.get(user) ?? 0;
  if (sent_seq > own) return `sent_seq is ${sent_seq}, and the member's newest message is ${own}`;
  if (Math.max(sent_seq, read_seq) < ownByMark)
    return `the member's own message ${ownByMark} counts as unread (sent_seq ${sent_seq}, read_seq ${read_seq})`;
  return undefined;
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

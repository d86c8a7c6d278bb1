import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';
import type { Entry, Person } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { kindOf } from '../log/kinds/index.ts';
import type { LogPosition } from '../log/position.ts';
import type { Table } from '../table/client.ts';
import { inboxIndex } from '../table/definition.ts';
import { isTransientFault } from '../table/faults.ts';
import { type Key, parseKey, summariesPk, summaryKey } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';
import { valuesOf } from '../table/values.ts';

/**
 * A conversation as one member's inbox shows it. Three pairs of positions, each absolute, from the log, and with one
 * writer: the newest entry and the member's own newest message (projector), what the member has read (mark-read).
 */
export type Summary = {
  user: string;
  message_group_uuid: string;
  kind: 'direct' | 'group';
  title?: string;
  /** The other person of a direct conversation. */
  user_uuid?: string;
  user_handle?: string;
  user_display_name?: string;
  message: string;
  sender_uuid: string;
  last_message_at: string;
  last_seq: number;
  message_count: number;
  sent_seq: number;
  sent_count: number;
  read_seq: number;
  read_count: number;
  large?: boolean;
  /** Set for a member who was added, until they read: `read_seq` is where they joined, so that nothing is unread. */
  unopened?: true;
  muted?: boolean;
  /** `message_count` when it was hidden: the next message shows it again, and nobody has to write for that. */
  hidden_count?: number;
  /** Counts the changes of `muted` and `hidden_count`, so that of two rows the newer can be told. */
  settings_version?: number;
};

export type { LogPosition as Position } from '../log/position.ts';

/** How far a member has read: what was marked, or the member's own newest message, whichever is further. */
export const readPosition = (summary: Summary): LogPosition =>
  summary.read_seq >= summary.sent_seq
    ? { seq: summary.read_seq, count: summary.read_count }
    : { seq: summary.sent_seq, count: summary.sent_count };

/** What others are told that a member has read; null where that is nothing yet. */
export const readReceipt = (summary: Summary): number | null =>
  (summary.unopened ? summary.sent_seq : readPosition(summary).seq) || null;

/** Messages after the read position, up to the summary's own newest entry. */
export const unreadCount = (summary: Summary) =>
  Math.max(0, summary.message_count - readPosition(summary).count);

/** Put away until its next message. */
export const isHidden = ({ hidden_count, message_count }: Summary) => message_count <= (hidden_count ?? -1);

export function summaryFromItem({ pk, sk, ...attributes }: Record<string, unknown>): Summary {
  const key = parseKey({ pk, sk } as Key);
  if (key.item !== 'summary') throw new TypeError('not the key of a summary');
  return { user: key.userUuid, message_group_uuid: key.messageGroupUuid, ...attributes } as Summary;
}

export type NewSummary = {
  userUuid: string;
  /** The conversation's newest entry: the summary is created at its position. */
  entry: Entry;
  about: { kind: 'group'; title: string; large?: boolean } | { kind: 'direct'; other: Person };
  read: LogPosition;
  sent?: LogPosition;
  /** The position is that of joining: nothing was read. */
  unopened?: boolean;
};

/** The item of a summary that a membership transaction creates. */
export function summaryItem({
  userUuid,
  entry,
  about,
  read,
  sent = { seq: 0, count: 0 },
  unopened,
}: NewSummary) {
  return {
    ...summaryKey(userUuid, entry.message_group_uuid),
    ...(about.kind === 'group'
      ? { kind: about.kind, title: about.title, ...(about.large && { large: true }) }
      : {
          kind: about.kind,
          user_uuid: about.other.uuid,
          user_handle: about.other.handle,
          user_display_name: about.other.display_name,
        }),
    ...newestOf(entry),
    last_seq: entry.seq,
    message_count: entry.message_count,
    sent_seq: sent.seq,
    sent_count: sent.count,
    read_seq: read.seq,
    read_count: read.count,
    ...(unopened && { unopened: true as const }),
  };
}

/** What a summary shows of its conversation's newest entry. */
export const newestOf = (entry: Entry) => ({
  message: kindOf(entry).preview(entry),
  sender_uuid: entry.user_uuid,
  last_message_at: entry.created_at,
});

/** The newest entries of large conversations, whose summaries trail; at most 1 s old. */
export type Heads = { get(messageGroupUuid: string): Promise<Entry | undefined> };

export function createHeads(table: Table): Heads {
  const cache = new LRUCache<string, Entry>({
    max: 10_000,
    ttl: 1_000,
    fetchMethod: (messageGroupUuid) => entries.newest(table, messageGroupUuid),
  });
  return { get: (messageGroupUuid) => cache.fetch(messageGroupUuid) };
}

/** Shows a large conversation's newest entry before the trailing pass has written it. */
export async function overlay(heads: Heads, summary: Summary): Promise<Summary> {
  if (!summary.large) return summary;
  return atHead(summary, await heads.get(summary.message_group_uuid));
}

/** A summary as it will be when it has reached that entry. */
export function atHead(summary: Summary, head: Entry | undefined): Summary {
  if (!head || head.seq <= summary.last_seq) return summary;
  return { ...summary, ...newestOf(head), last_seq: head.seq, message_count: head.message_count };
}

/** A row of the index, and what is shown of it; undefined where it is no row of the person's any more. */
type Row = { stored: Summary; shown: Summary | undefined };

/**
 * Overlays rows of the index. It lags, so a row may be of somebody who was removed: what is newer than the row is
 * shown to those alone whose summary is still there, with the positions that it holds now.
 */
async function overlayAll(table: Table, heads: Heads, rows: Summary[]): Promise<Row[]> {
  const keys = rows.filter(({ large }) => large).map((row) => summaryKey(row.user, row.message_group_uuid));
  const current = new Map(
    (await batchGet(table, keys)).map(summaryFromItem).map((row) => [row.message_group_uuid, row]),
  );
  return Promise.all(
    rows.map(async (stored) => {
      const summary = stored.large ? current.get(stored.message_group_uuid) : stored;
      return { stored, shown: summary && (await overlay(heads, summary)) };
    }),
  );
}

export type InboxPosition = { last_message_at: string; message_group_uuid: string };

export type ListInput = {
  userUuid: string;
  limit: number;
  after?: InboxPosition | undefined;
  /** Those that were put away, those that were not (by default), or all. */
  which?: 'shown' | 'hidden' | 'all' | undefined;
};

/** Conversations whose unread state the first page counts. */
const countedConversations = 100;
/** What one request reads where much is hidden. A page may then be short, and its link leads on. */
const queriesPerPage = 10;

/**
 * Access pattern: a person's conversations, newest first. Half a read unit for each 4 KB. The first page reads up to
 * 100 summaries to count those with something unread that are not muted; `unreadConversations` is undefined on the
 * others. Where conversations are hidden it reads on until the page is full.
 */
export async function list(
  table: Table,
  heads: Heads,
  { userUuid, limit, after, which = 'shown' }: ListInput,
) {
  const wanted = after ? limit : Math.max(limit, countedConversations);
  const found: { stored: Summary; shown: Summary }[] = [];
  let position = after;
  let queries = 0;
  do {
    const reading = queries === 0 ? wanted : Math.max(wanted, countedConversations);
    const { rows, next } = await readIndex(table, userUuid, reading, position);
    for (const { stored, shown } of await overlayAll(table, heads, rows))
      if (shown && (which === 'all' || isHidden(shown) === (which === 'hidden')))
        found.push({ stored, shown });
    position = next;
    queries += 1;
  } while (position && found.length < wanted && queries < queriesPerPage);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const isUnread = ({ shown }: { shown: Summary }) => !shown.muted && unreadCount(shown) > 0;
  return {
    summaries: page.map(({ shown }) => shown),
    next: found.length > limit && last ? positionOf(last.stored) : position,
    unreadConversations: after
      ? undefined
      : {
          count: found.slice(0, wanted).filter(isUnread).length,
          isMore: found.length > wanted || position !== undefined,
        },
  };
}

async function readIndex(table: Table, userUuid: string, limit: number, after: InboxPosition | undefined) {
  const { Items = [], LastEvaluatedKey } = await table.doc.send(
    new QueryCommand({
      TableName: table.name,
      IndexName: inboxIndex,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': summariesPk(userUuid) },
      ScanIndexForward: false,
      Limit: limit,
      ExclusiveStartKey: after && {
        ...summaryKey(userUuid, after.message_group_uuid),
        last_message_at: after.last_message_at,
      },
    }),
  );
  const rows = Items.map(summaryFromItem);
  const last = rows.at(-1);
  return { rows, next: LastEvaluatedKey && last ? positionOf(last) : undefined };
}

const positionOf = ({ last_message_at, message_group_uuid }: Summary): InboxPosition => ({
  last_message_at,
  message_group_uuid,
});

/** Access pattern: one member's summary of one conversation. 1 read unit. */
export async function get(table: Table, heads: Heads, userUuid: string, messageGroupUuid: string) {
  const { Item } = await table.doc.send(
    new GetCommand({
      TableName: table.name,
      Key: summaryKey(userUuid, messageGroupUuid),
      ConsistentRead: true,
    }),
  );
  return Item && overlay(heads, summaryFromItem(Item));
}

/** Access pattern: the summaries of several members of one conversation. 1 read unit each. */
export async function getMany(
  table: Table,
  messageGroupUuid: string,
  userUuids: string[],
): Promise<Summary[]> {
  return getEach(
    table,
    userUuids.map((userUuid) => ({ userUuid, messageGroupUuid })),
  );
}

/** Access pattern: summaries of several members of several conversations. 1 read unit each. */
export async function getEach(
  table: Table,
  wanted: { userUuid: string; messageGroupUuid: string }[],
): Promise<Summary[]> {
  const items = await batchGet(
    table,
    wanted.map(({ userUuid, messageGroupUuid }) => summaryKey(userUuid, messageGroupUuid)),
  );
  return items.map(summaryFromItem);
}

/**
 * Moves a member's read position forward, never back and never past the newest entry. Who reads at or past the place
 * where they joined has opened the conversation. Safe to repeat.
 * 3 read units (2 at the newest entry), 2 write units. Throws `message_group_not_found`.
 */
export async function markRead(
  table: Table,
  { userUuid, messageGroupUuid, seq }: { userUuid: string; messageGroupUuid: string; seq: number },
): Promise<{ read_seq: number; unread_count: number; receipt: number | null }> {
  // A stranger is turned away by what is the stranger's own, before anything of the conversation is read.
  const [own] = await getMany(table, messageGroupUuid, [userUuid]);
  const head = own && (await entries.newest(table, messageGroupUuid));
  if (!head) throw new AppError('message_group_not_found');
  const target = seq >= head.seq ? head : await entries.get(table, messageGroupUuid, seq);
  const summary = await moveReadPosition(table, userUuid, messageGroupUuid, {
    seq: target?.seq ?? 0,
    count: target?.message_count ?? 0,
  });
  const position = readPosition(summary);
  const unread_count = Math.max(0, head.message_count - position.count);
  return { read_seq: position.seq, unread_count, receipt: readReceipt(summary) };
}

async function moveReadPosition(
  table: Table,
  userUuid: string,
  messageGroupUuid: string,
  { seq, count }: LogPosition,
) {
  try {
    const { Attributes } = await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: summaryKey(userUuid, messageGroupUuid),
        UpdateExpression: 'SET read_seq = :seq, read_count = :count REMOVE unopened',
        ConditionExpression:
          'attribute_exists(pk) AND (read_seq < :seq OR (read_seq = :seq AND attribute_exists(unopened)))',
        ExpressionAttributeValues: { ':seq': seq, ':count': count },
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return summaryFromItem(Attributes ?? {});
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (!error.Item) throw new AppError('message_group_not_found', { cause: error });
    return summaryFromItem(valuesOf(error.Item));
  }
}

/** Notes a member's own newest message at once, where summaries trail. Safe to repeat. 2 write units. */
export async function markSent(table: Table, { message_group_uuid, user_uuid, seq, message_count }: Entry) {
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: summaryKey(user_uuid, message_group_uuid),
        UpdateExpression: 'SET sent_seq = :seq, sent_count = :count',
        ConditionExpression: 'sent_seq < :seq',
        ExpressionAttributeValues: { ':seq': seq, ':count': message_count },
      }),
    );
  } catch (error) {
    // Further already, or gone; and where the table is away, the trailing pass will do it: the message is sent.
    if (!(error instanceof ConditionalCheckFailedException || isTransientFault(error))) throw error;
  }
}

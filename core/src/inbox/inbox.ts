import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../table/client.ts';
import { inboxIndex } from '../table/definition.ts';
import { summariesPk, summaryKey } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';
import { type NewestEntries, overlay } from './newest-entries.ts';
import { isHidden, type Summary, summaryFromItem, unreadCount } from './summary.ts';

/** A row of the index, and the summary to show for it: undefined if the person has left the conversation. */
type Row = { stored: Summary; shown: Summary | undefined };

/**
 * Overlays rows of the index. The index lags, so a row may belong to a removed member. Newer entries therefore show
 * only if the summary still exists, and with its current positions.
 */
async function overlayAll(table: Table, newestEntries: NewestEntries, rows: Summary[]): Promise<Row[]> {
  const keys = rows.filter(({ large }) => large).map((row) => summaryKey(row.user, row.message_group_uuid));
  const current = new Map(
    (await batchGet(table, keys)).map(summaryFromItem).map((row) => [row.message_group_uuid, row]),
  );
  return Promise.all(
    rows.map(async (stored) => {
      const summary = stored.large ? current.get(stored.message_group_uuid) : stored;
      return { stored, shown: summary && (await overlay(newestEntries, summary)) };
    }),
  );
}

export type InboxCursor = { last_message_at: string; message_group_uuid: string };

export type ListInput = {
  userUuid: string;
  limit: number;
  after?: InboxCursor | undefined;
  /** Hidden conversations, those that are not hidden (the default), or all. */
  which?: 'shown' | 'hidden' | 'all' | undefined;
};

/** The first page counts the unread conversations among this many. */
const countedConversations = 100;
/** The most queries for one page. If many conversations are hidden, a page may be short and still have a next one. */
const queriesPerPage = 10;

/**
 * Access pattern: a person's conversations, newest first. Half a read unit for each 4 KB. The first page reads up to
 * 100 summaries and counts those that are unread and not muted; later pages have no `unreadConversations`. If
 * conversations are hidden, it reads on until the page is full.
 */
export async function list(
  table: Table,
  newestEntries: NewestEntries,
  { userUuid, limit, after, which = 'shown' }: ListInput,
) {
  const wanted = after ? limit : Math.max(limit, countedConversations);
  const found: { stored: Summary; shown: Summary }[] = [];
  let cursor = after;
  let queries = 0;
  do {
    const reading = queries === 0 ? wanted : Math.max(wanted, countedConversations);
    const { rows, next } = await readIndex(table, userUuid, reading, cursor);
    for (const { stored, shown } of await overlayAll(table, newestEntries, rows))
      if (shown && (which === 'all' || isHidden(shown) === (which === 'hidden')))
        found.push({ stored, shown });
    cursor = next;
    queries += 1;
  } while (cursor && found.length < wanted && queries < queriesPerPage);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const isUnread = ({ shown }: { shown: Summary }) => !shown.muted && unreadCount(shown) > 0;
  return {
    summaries: page.map(({ shown }) => shown),
    next: found.length > limit && last ? cursorOf(last.stored) : cursor,
    unreadConversations: after
      ? undefined
      : {
          count: found.slice(0, wanted).filter(isUnread).length,
          isMore: found.length > wanted || cursor !== undefined,
        },
  };
}

async function readIndex(table: Table, userUuid: string, limit: number, after: InboxCursor | undefined) {
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
  return { rows, next: LastEvaluatedKey && last ? cursorOf(last) : undefined };
}

const cursorOf = ({ last_message_at, message_group_uuid }: Summary): InboxCursor => ({
  last_message_at,
  message_group_uuid,
});

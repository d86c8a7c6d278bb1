import { flagsOf } from '@parley/contract/entry-kinds';
import * as summaries from '../inbox/summaries.ts';
import { type Entry, largeGroupMembers } from '../log/entries.ts';
import type { Group } from '../log/members.ts';
import { type LogPosition, positionOf } from '../log/position.ts';
import type { EntryRecord } from '../log/stream-records.ts';
import type { Table } from '../table/client.ts';
import { summaryKey } from '../table/keys.ts';
import type { Statement } from '../table/statements.ts';

/* Pure functions: from a batch of stream records to changes of summaries, and to their statements. */

/** The rewrite of one summary: the pairs of one statement, and the rewrite that follows it (`next`). */
export type Rewrite = {
  messageGroupUuid: string;
  userUuid: string;
  newest?: Newest | undefined;
  sent?: LogPosition | undefined;
  next?: Rewrite | undefined;
  attempts: number;
};
type Newest = { entry: Entry; group: Group; isModified: boolean };

export function groupByConversation(records: EntryRecord[]): Map<string, EntryRecord[]> {
  const conversations = new Map<string, EntryRecord[]>();
  for (const record of records) {
    const uuid = record.entry.message_group_uuid;
    const known = conversations.get(uuid);
    if (known) known.push(record);
    else conversations.set(uuid, [record]);
  }
  return conversations;
}

/** The newest record of one conversation. */
export function newestOf(records: EntryRecord[]): EntryRecord | undefined {
  let newest: EntryRecord | undefined;
  for (const record of records) if (isNewer(record, newest)) newest = record;
  return newest;
}

/** The newest message of each author, by their uuid. */
export function newestSentBy(records: EntryRecord[]): Map<string, LogPosition> {
  const sent = new Map<string, LogPosition>();
  for (const { entry } of records)
    if (flagsOf(entry).countsAsMessage && entry.seq > (sent.get(entry.user_uuid)?.seq ?? 0))
      sent.set(entry.user_uuid, positionOf(entry));
  return sent;
}

/** Of two records of the same entry, the modified one is newer, in any order. */
function isNewer({ entry, isModified }: EntryRecord, newest: EntryRecord | undefined): boolean {
  if (!newest || entry.seq !== newest.entry.seq) return entry.seq > (newest?.entry.seq ?? 0);
  return isModified === true;
}

/** The rewrites after a refusal. The summary may be ahead in only one of two pairs, so each pair is written alone. */
export function afterRefusal(rewrite: Rewrite): Rewrite[] {
  const { newest, sent } = rewrite;
  if (newest && sent) return [{ ...rewrite, sent: undefined, next: { ...rewrite, newest: undefined } }];
  return rewrite.next ? [rewrite.next] : [];
}

/** 1 write unit, and 2 more if the newest entry's time moves the summary in the inbox index. */
export function statementOf(table: Table, { messageGroupUuid, userUuid, newest, sent }: Rewrite): Statement {
  const { pk, sk } = summaryKey(userUuid, messageGroupUuid);
  const set: Record<string, unknown> = {};
  const conditions: string[] = [];
  const bounds: number[] = [];
  if (newest) {
    const { entry, group, isModified } = newest;
    Object.assign(set, summaries.newestOf(entry), {
      last_seq: entry.seq,
      message_count: entry.message_count,
    });
    if (group.kind === 'group')
      Object.assign(set, { title: group.title, large: group.member_count > largeGroupMembers });
    conditions.push(isModified ? 'last_seq <= ?' : 'last_seq < ?');
    bounds.push(entry.seq);
  }
  if (sent) {
    Object.assign(set, { sent_seq: sent.seq, sent_count: sent.count });
    conditions.push('sent_seq < ?');
    bounds.push(sent.seq);
  }
  const assignments = Object.keys(set).map((name) => `"${name}"=?`);
  return {
    Statement: `UPDATE "${table.name}" SET ${assignments.join(', ')} WHERE pk=? AND sk=? AND ${conditions.join(' AND ')}`,
    Parameters: [...Object.values(set), pk, sk, ...bounds],
  };
}

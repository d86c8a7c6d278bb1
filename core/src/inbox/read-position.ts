import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { AppError } from '../errors.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { type LogPosition, logStart, positionOf } from '../log/position.ts';
import type { Table } from '../table/client.ts';
import { isTransientFault } from '../table/faults.ts';
import { summaryKey } from '../table/keys.ts';
import { valuesOf } from '../table/values.ts';
import { getMany } from './stored-summaries.ts';
import { readPosition, readReceipt, summaryFromItem } from './summary.ts';

/**
 * Moves a member's read position forward, never back and never past the newest entry. A member who reads up to the
 * entry of joining, or further, has opened the conversation. Safe to repeat. 3 read units (2 at the newest entry), 2
 * write units. Throws `message_group_not_found`.
 */
export async function markRead(
  table: Table,
  { userUuid, messageGroupUuid, seq }: { userUuid: string; messageGroupUuid: string; seq: number },
): Promise<{ read_seq: number; unread_count: number; receipt: number | null }> {
  // A stranger has no summary, and must not cause a read of the conversation.
  const [own] = await getMany(table, messageGroupUuid, [userUuid]);
  const newest = own && (await entries.newest(table, messageGroupUuid));
  if (!newest) throw new AppError('message_group_not_found');
  const target = seq >= newest.seq ? newest : await entries.get(table, messageGroupUuid, seq);
  const to = target ? positionOf(target) : logStart;
  const summary = await moveReadPosition(table, userUuid, messageGroupUuid, to);
  const position = readPosition(summary);
  const unread_count = Math.max(0, newest.message_count - position.count);
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

/**
 * Records a member's own newest message at once, if the conversation's summaries trail. Safe to repeat. 2 write units.
 */
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
    // The summary is ahead or gone. After a fault of the table, the trailing pass writes it; the message itself is sent.
    if (!(error instanceof ConditionalCheckFailedException || isTransientFault(error))) throw error;
  }
}

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { AppError } from '../errors.ts';
import * as entries from '../log/entries.ts';
import type { Table } from '../table/client.ts';
import { summaryKey } from '../table/keys.ts';
import * as summaries from './summaries.ts';
import { advancedTo } from './summary.ts';

/** A member's settings for a conversation. */
export type Settings = { muted?: boolean | undefined; hidden?: boolean | undefined };

/**
 * Mutes a conversation for one member, or hides it until its next message. An undefined setting stays as it is; a
 * repeat writes nothing. 1 read unit (2 to hide, and of a large conversation), 2 write units. Throws
 * `message_group_not_found`.
 */
export async function change(
  table: Table,
  { userUuid, messageGroupUuid, muted, hidden }: Settings & { userUuid: string; messageGroupUuid: string },
): Promise<summaries.Summary> {
  const [stored] = await summaries.getMany(table, messageGroupUuid, [userUuid]);
  if (!stored) throw new AppError('message_group_not_found');
  // Hiding also covers messages that the summary does not show yet, because the member may have seen them live.
  const newest = stored.large || hidden ? await entries.newest(table, messageGroupUuid) : undefined;
  const current = advancedTo(stored, newest);
  const changes = {
    ...(muted !== undefined && muted !== (stored.muted ?? false) && { muted }),
    ...(hidden !== undefined &&
      hidden !== summaries.isHidden(current) && {
        hidden_count: hidden ? current.message_count : -1,
      }),
  };
  const names = Object.keys(changes);
  if (names.length === 0) return current;
  try {
    const { Attributes } = await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: summaryKey(userUuid, messageGroupUuid),
        UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')} ADD settings_version :one`,
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: {
          ':one': 1,
          ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [`:${name}`, value])),
        },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return summaries.summaryFromItem(Attributes ?? {});
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new AppError('message_group_not_found', { cause: error });
  }
}

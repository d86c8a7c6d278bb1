import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Summary } from '../inbox/summaries.ts';
import { refusalOf } from '../log/append/append-writer.ts';
import type { Member } from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { memberKey, summaryKey } from '../table/keys.ts';
import type { SummaryItem } from './rebuild.ts';
import type { Orphan } from './suspects.ts';

/* The conditional writes of a repair. */

const positions = ['last_seq', 'message_count', 'sent_seq', 'sent_count', 'read_seq', 'read_count'] as const;

/** False if another writer has moved a position since `stored` was read. */
export async function rewrite(
  table: Table,
  stored: Summary,
  item: Record<string, unknown>,
): Promise<boolean> {
  const { pk, sk, ...attributes } = item;
  const names = Object.keys(attributes);
  const ExpressionAttributeNames = Object.fromEntries(
    [...names, ...positions].map((name) => [`#${name}`, name]),
  );
  const values = names.map((name) => [`:${name}`, attributes[name]]);
  const read = positions.map((name) => [`:was_${name}`, stored[name]] as const);
  const isSame = positions.map((name) =>
    stored[name] === undefined ? `attribute_not_exists(#${name})` : `#${name} = :was_${name}`,
  );
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.name,
        Key: { pk, sk },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ConditionExpression: ['attribute_exists(pk)', ...isSame].join(' AND '),
        ExpressionAttributeNames,
        ExpressionAttributeValues: Object.fromEntries([
          ...values,
          ...read.filter(([, value]) => value !== undefined),
        ]),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** False if the person is no longer a member, or the summary exists. */
export function create(table: Table, messageGroupUuid: string, { user_uuid }: Member, Item: SummaryItem) {
  return isWritten(table, [
    {
      ConditionCheck: {
        TableName: table.name,
        Key: memberKey(messageGroupUuid, user_uuid),
        ConditionExpression: 'attribute_exists(pk)',
      },
    },
    { Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' } },
  ]);
}

/** False if the person is a member, or the summary does not exist. */
export function remove(table: Table, { userUuid, messageGroupUuid }: Orphan) {
  return isWritten(table, [
    {
      ConditionCheck: {
        TableName: table.name,
        Key: memberKey(messageGroupUuid, userUuid),
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    {
      Delete: {
        TableName: table.name,
        Key: summaryKey(userUuid, messageGroupUuid),
        ConditionExpression: 'attribute_exists(pk)',
      },
    },
  ]);
}

async function isWritten(
  table: Table,
  TransactItems: ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems'],
) {
  try {
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && refusalOf(error)) return false;
    throw error;
  }
}

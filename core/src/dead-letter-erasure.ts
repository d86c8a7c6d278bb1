import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as deadLetters from './dead-letters.ts';
import { entryFromItem, entryItem } from './entries.ts';
import { type IsErased, withoutErased } from './erased.ts';
import type { Table } from './table/client.ts';
import { deadLettersPk, type Key } from './table/keys.ts';
import type { Item } from './table/scan.ts';

/** Takes what is of erased people out of the records that failed. 1 read unit for each 4 KB of them. */
export async function scrub(table: Table, isErased: IsErased) {
  for await (const { key, record } of holding(table, isErased)) await replace(table, key, record);
}

async function replace(table: Table, Key: Key, record: string) {
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.runnerName,
        Key,
        UpdateExpression: 'SET #record = :record',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#record': 'record' },
        ExpressionAttributeValues: { ':record': record },
      }),
    );
  } catch (error) {
    // Redriven or purged meanwhile.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/** The letters that hold something of erased people, with their record as it should be. */
export async function* holding(
  table: Table,
  isErased: IsErased,
): AsyncGenerator<{ key: Key; record: string }> {
  for (const consumer of deadLetters.consumers)
    for await (const { id, record } of deadLetters.list(table, consumer)) {
      const text = JSON.stringify(record);
      const scrubbed = withoutErasedImages(text, isErased);
      const key = { pk: deadLettersPk(consumer), sk: id.slice(consumer.length + 1) };
      if (scrubbed !== text) yield { key, record: scrubbed };
    }
}

type Images = { dynamodb?: Record<string, unknown> | undefined };

/** A record as JSON, the images of its entry without what is of erased people. */
function withoutErasedImages(text: string, isErased: IsErased): string {
  const record = JSON.parse(text) as Images;
  let hasChanged = false;
  for (const name of ['NewImage', 'OldImage']) {
    const image = record.dynamodb?.[name] as Record<string, AttributeValue> | undefined;
    const changed = image && withoutErasedImage(image, isErased);
    if (!record.dynamodb || !changed) continue;
    record.dynamodb[name] = changed;
    hasChanged = true;
  }
  return hasChanged ? JSON.stringify(record) : text;
}

function withoutErasedImage(image: Record<string, AttributeValue>, isErased: IsErased) {
  try {
    const entry = entryFromItem(unmarshall(image, { wrapNumbers: Number }) as Item);
    const scrubbed = withoutErased(entry, isErased);
    return scrubbed === entry ? undefined : marshall(entryItem(scrubbed), { removeUndefinedValues: true });
  } catch (error) {
    // No entry of Parley's: nothing of a person's either.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as deadLetters from '../dead-letters/dead-letters.ts';
import type { BucketOptions, FailedInvocation, LetterBucket } from '../dead-letters/letter-bucket.ts';
import { entryFromItem, entryItem } from '../log/entries.ts';
import { type IsErased, withoutErased } from '../log/erased.ts';
import { keyText } from '../log/fold.ts';
import type { StreamRecord } from '../log/stream-records.ts';
import type { Table } from '../table/client.ts';
import { deadLettersPk, type Key } from '../table/keys.ts';
import { valuesOf } from '../table/values.ts';

/** Dead letters are in the runner's table off AWS and in a bucket on AWS. Both hold whole records. */
export type LetterStores = { table: Table; letterBucket?: LetterBucket | undefined };

const maxAttempts = 5;

/** Returns undefined without a name. Loads the S3 client only with one, because that adds 0.1 s to a start. */
export async function openLetterBucket(options: BucketOptions): Promise<LetterBucket | undefined> {
  if (options.name === '') return undefined;
  const { createLetterBucket } = await import('../dead-letters/letter-bucket.ts');
  return createLetterBucket(options);
}

/** A letter with data of erased people. `scrub` returns false if the letter has changed since it was read. */
export type LetterToScrub = { name: string; scrub: () => Promise<boolean> };

/**
 * Removes the data of erased people from all dead letters. Safe to repeat. 1 read unit for each 4 KB of letters, and
 * one request for each object of the bucket. Fails if letters change during every attempt.
 */
export async function scrub(stores: LetterStores, isErased: IsErased) {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    let isDone = true;
    for await (const letter of lettersToScrub(stores, isErased)) if (!(await letter.scrub())) isDone = false;
    if (isDone) return;
  }
  throw new Error('dead letters changed during every attempt to scrub them');
}

/** The letters that hold data of erased people. */
export async function* lettersToScrub(
  { table, letterBucket }: LetterStores,
  isErased: IsErased,
): AsyncGenerator<LetterToScrub> {
  yield* inTable(table, isErased);
  if (letterBucket) yield* inBucket(letterBucket, isErased);
}

async function* inTable(table: Table, isErased: IsErased): AsyncGenerator<LetterToScrub> {
  for (const consumer of deadLetters.consumers)
    for await (const { id, record } of deadLetters.list(table, consumer)) {
      const change = {
        from: JSON.stringify(record),
        to: JSON.stringify(withoutErasedImages(record, isErased)),
      };
      const key = { pk: deadLettersPk(consumer), sk: id.slice(consumer.length + 1) };
      if (change.to !== change.from) yield { name: keyText(key), scrub: () => replace(table, key, change) };
    }
}

async function replace(table: Table, Key: Key, { from, to }: { from: string; to: string }): Promise<boolean> {
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.runnerName,
        Key,
        UpdateExpression: 'SET #record = :to',
        ConditionExpression: '#record = :from',
        ExpressionAttributeNames: { '#record': 'record' },
        ExpressionAttributeValues: { ':from': from, ':to': to },
      }),
    );
    return true;
  } catch (error) {
    // The letter was redriven or purged, or another erasure has rewritten it.
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

async function* inBucket(bucket: LetterBucket, isErased: IsErased): AsyncGenerator<LetterToScrub> {
  for await (const version of bucket.versions()) {
    const scrubbed = withoutErasedRecords(version.key, version.text, isErased);
    if (scrubbed !== version.text)
      yield {
        name: `s3://${bucket.name}/${version.key}`,
        scrub: () => bucket.replace(version, scrubbed),
      };
  }
}

/** The JSON of a failed invocation without data of erased people. Returns the same text if it holds none. */
function withoutErasedRecords(key: string, text: string, isErased: IsErased): string {
  const document = parse<FailedInvocation>(key, text);
  const { payload } = document;
  const event = typeof payload === 'string' ? parse<Exclude<typeof payload, string>>(key, payload) : payload;
  const records = event?.Records ?? [];
  const Records = records.map((record) => withoutErasedImages(record, isErased));
  if (Records.every((record, index) => record === records[index])) return text;
  const scrubbed = { ...event, Records };
  return JSON.stringify({
    ...document,
    payload: typeof payload === 'string' ? JSON.stringify(scrubbed) : scrubbed,
  });
}

/** Fails if the text is not JSON: it may hold data of the person, so the erasure must not finish. */
function parse<T>(key: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Error(`the dead letter ${key} is not JSON`, { cause });
  }
}

/** The record with scrubbed images. Returns the same object if it holds no data of erased people. */
function withoutErasedImages(record: StreamRecord, isErased: IsErased): StreamRecord {
  const images: Record<string, Record<string, AttributeValue>> = {};
  for (const name of ['NewImage', 'OldImage'] as const) {
    const image = record.dynamodb?.[name] as Record<string, AttributeValue> | undefined;
    const changed = image && withoutErasedImage(image, isErased);
    if (changed) images[name] = changed;
  }
  if (Object.keys(images).length === 0) return record;
  return { ...record, dynamodb: { ...record.dynamodb, ...images } };
}

function withoutErasedImage(image: Record<string, AttributeValue>, isErased: IsErased) {
  try {
    const entry = entryFromItem(valuesOf(image));
    const scrubbed = withoutErased(entry, isErased);
    return scrubbed === entry ? undefined : marshall(entryItem(scrubbed), { removeUndefinedValues: true });
  } catch (error) {
    // Not an entry, so it holds no person's data.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

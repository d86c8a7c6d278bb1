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

/** Off AWS letters are in the runner's table, there in a bucket; a record is redriven from either as it was. */
export type LetterPlaces = { table: Table; letterBucket?: LetterBucket | undefined };

const maxAttempts = 5;

/** Undefined without a name. Loads S3's client only then: it would be a tenth of a second of every start. */
export async function openLetterBucket(options: BucketOptions): Promise<LetterBucket | undefined> {
  if (options.name === '') return undefined;
  const { createLetterBucket } = await import('../dead-letters/letter-bucket.ts');
  return createLetterBucket(options);
}

/** A letter that holds something of erased people. `scrub` answers false where it is another one by now. */
export type Holding = { name: string; scrub: () => Promise<boolean> };

/**
 * Takes what is of erased people out of the records that failed, until none holds anything. Safe to repeat. 1 read unit
 * for each 4 KB of them, and a request for each object.
 */
export async function scrub(places: LetterPlaces, isErased: IsErased) {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    let isDone = true;
    for await (const letter of holding(places, isErased)) if (!(await letter.scrub())) isDone = false;
    if (isDone) return;
  }
  throw new Error('a dead letter was another one each time it was to be rewritten');
}

/** The letters that hold something of erased people. */
export async function* holding(
  { table, letterBucket }: LetterPlaces,
  isErased: IsErased,
): AsyncGenerator<Holding> {
  yield* inTable(table, isErased);
  if (letterBucket) yield* inBucket(letterBucket, isErased);
}

async function* inTable(table: Table, isErased: IsErased): AsyncGenerator<Holding> {
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
    // Redriven or purged, or another person's erasure was faster.
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

async function* inBucket(bucket: LetterBucket, isErased: IsErased): AsyncGenerator<Holding> {
  for await (const version of bucket.versions()) {
    const scrubbed = withoutErasedRecords(version.key, version.text, isErased);
    if (scrubbed !== version.text)
      yield {
        name: `s3://${bucket.name}/${version.key}`,
        scrub: () => bucket.replace(version, scrubbed),
      };
  }
}

/** A failed invocation as JSON, with its event in the form that it had; the very same text where nothing goes. */
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

/** What nobody can read holds nobody knows what: the erasure stays unfinished until somebody has looked. */
function parse<T>(key: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Error(`the dead letter ${key} is not JSON`, { cause });
  }
}

/** A record, the images of its entry without what is of erased people; the very same where it holds nothing. */
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
    // No entry of Parley's: nothing of a person's either.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

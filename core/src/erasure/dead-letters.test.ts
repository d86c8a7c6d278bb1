import { randomUUID } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startS3Server } from '@parley/engines/testing/s3-server';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { check } from '../audit/check.ts';
import * as messages from '../conversations/messages.ts';
import * as deadLetters from '../dead-letters/dead-letters.ts';
import { createLetterBucket } from '../dead-letters/letter-bucket.ts';
import { type Entry, entryItem, type Person } from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import type { StreamRecord } from '../log/stream-records.ts';
import * as users from '../people/users.ts';
import { lettersToScrub, scrub } from './dead-letters.ts';
import * as erase from './erase.ts';
import * as erasures from './erasures.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let s3: Awaited<ReturnType<typeof startS3Server>>;
let letterBucket: ReturnType<typeof createLetterBucket>;
let zoe: Person;
let ada: Person;
/** Zoe wrote "zanzibar", Ada wrote "hello". */
let records: StreamRecord[];

async function open(options: { keepsVersions: boolean }) {
  s3 = await startS3Server('letters', options);
  letterBucket = createLetterBucket({ region: 'us-east-1', endpoint: s3.endpoint, name: 'letters' });
}

beforeEach(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  const people = await users.insertPeople(database.pool, [{ handle: 'zoe' }, { handle: 'ada' }]);
  [zoe, ada] = ['zoe', 'ada'].map((handle) => people.get(handle)) as [Person, Person];
  const log = createLog(table, { batch: 'transactions' });
  const said = [
    await messages.sendDirect(log, {
      sender: zoe,
      recipient: ada,
      message: 'zanzibar',
      idempotencyKey: 'zk',
    }),
    await messages.sendDirect(log, { sender: ada, recipient: zoe, message: 'hello' }),
  ];
  records = said.map(recordOf);
});
afterEach(async () => {
  letterBucket.close();
  await Promise.all([s3.close(), table.drop(), database.close()]);
});

const recordOf = (entry: Entry, index = 0): StreamRecord => ({
  eventName: 'INSERT',
  dynamodb: {
    SequenceNumber: String(index),
    NewImage: marshall(entryItem(entry), { removeUndefinedValues: true }),
  },
});

const letter = (Records: unknown[]) =>
  JSON.stringify({
    requestContext: { requestId: randomUUID(), functionArn: 'arn:f', condition: 'RetryAttemptsExhausted' },
    version: '1.0',
    payload: JSON.stringify({ Records }),
  });
const recordsOf = (text = '') => JSON.parse(JSON.parse(text).payload).Records as StreamRecord[];
const keyOf = (name: string) => `aws/lambda/mapping/shardId-1/2026/11/19/${name}`;
const is = (person: Person) => (uuid: string) => uuid === person.uuid;

async function eraseZoe() {
  const erasure = (await erasures.begin(database.pool, zoe.uuid)) as erasures.Erasure;
  const log = createLog(table, { batch: 'transactions' });
  return erase.pass(log, database.pool, erasure, {
    deleteSignIn: async () => {},
    settledMs: 0,
    letterBucket,
  });
}

test.each([true, false])(
  'an erasure cleans the letters of a bucket, and keeps other people’s data and what a redrive needs (versioned: %s)',
  async (keepsVersions) => {
    await open({ keepsVersions });
    s3.put(keyOf('batch'), letter(records));
    s3.put(keyOf('others'), letter(records.slice(1)));
    s3.put(keyOf('redriven'), letter(records.slice(0, 1)));
    s3.remove(keyOf('redriven'));
    // A scrub that stopped half way: the clean letter is written, and the earlier version still exists.
    s3.put(keyOf('stopped'), letter(records));
    s3.put(keyOf('stopped'), letter(records.slice(1)));
    s3.put('something/else', 'zanzibar is no letter');
    expect(await eraseZoe()).toBe(true);
    const left = s3.everything().filter((text) => !text.includes('no letter'));
    expect(left.join()).not.toMatch(/zanzibar|zoe|zk/);
    expect(s3.keys()).toEqual([keyOf('batch'), keyOf('others'), keyOf('stopped'), 'something/else']);
    const [hers, others] = recordsOf(s3.get(keyOf('batch')));
    expect(others).toEqual(records[1]);
    expect(hers?.dynamodb?.NewImage).toMatchObject({
      message: { S: '' },
      user_display_name: { S: 'Deleted user' },
      message_count: { N: '1' },
      pk: expect.anything(),
      sk: expect.anything(),
    });
    expect(hers).toMatchObject({ eventName: 'INSERT', dynamodb: { SequenceNumber: '0' } });
    expect(JSON.parse(s3.get(keyOf('batch')) ?? '')).toMatchObject({
      requestContext: { functionArn: 'arn:f' },
    });
    const before = s3.everything();
    await scrub({ table, letterBucket }, is(zoe));
    expect(s3.everything()).toEqual(before);
  },
);

test('the check finds a letter in the bucket that an erasure did not reach', async () => {
  await open({ keepsVersions: true });
  await eraseZoe();
  s3.put(keyOf('late'), letter(records));
  const found = async () =>
    (await check(table, database.pool, { settleMs: [], letterBucket })).findings.filter(
      ({ invariant }) => invariant === 8,
    );
  expect(await found()).toMatchObject([{ key: `s3://letters/${keyOf('late')}` }]);
  await scrub({ table, letterBucket }, is(zoe));
  expect(await found()).toEqual([]);
});

test('a letter that is redriven or scrubbed for another person at the same time is not written back', async () => {
  await open({ keepsVersions: true });
  s3.put(keyOf('redriven'), letter(records));
  s3.put(keyOf('shared'), letter(records));
  const failed = { consumer: 'summaries', shardId: 's', error: '', attempts: 8 };
  for (const record of records)
    await deadLetters.put(table, { ...failed, record, condition: 'RetryAttemptsExhausted' });
  const stores = { table, letterBucket };
  const answers: boolean[] = [];
  for await (const found of lettersToScrub(stores, is(zoe))) {
    if (found.name.endsWith('redriven')) s3.remove(keyOf('redriven'));
    if (found.name.endsWith('shared')) await scrub(stores, is(ada));
    answers.push(await found.scrub());
  }
  expect(answers).toEqual([true, false, false]);
  await scrub(stores, is(zoe));
  expect(s3.everything().join()).not.toMatch(/zanzibar|zoe|hello|"ada"/);
  expect(s3.keys()).toEqual([keyOf('shared')]);
});

test('a letter that is not JSON is named in the error, and the erasure is not finished', async () => {
  await open({ keepsVersions: false });
  s3.put(keyOf('cut'), letter(records).slice(0, -9));
  await expect(eraseZoe()).rejects.toThrow(`the dead letter ${keyOf('cut')} is not JSON`);
  expect(await erasures.unfinished(database.pool)).toHaveLength(1);
});

import { randomUUID } from 'node:crypto';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDriftMonitor } from '@parley/core/drift';
import { type Entry, entryItem } from '@parley/core/entries';
import { createLog } from '@parley/core/log';
import * as messages from '@parley/core/messages';
import { summaryKey } from '@parley/core/table/keys';
import { createTestTable } from '@parley/engines/testing/test-table';
import type { DynamoDBRecord } from 'aws-lambda';
import { pino } from 'pino';
import request from 'supertest';
import { createDriftHandler, createScheduledMonitor, driftAlarm } from '../drift/handler.ts';
import { eventually } from '../testing/eventually.ts';
import { createRecent, startDriftWatch } from './drift-watch.ts';
import { createEndpoint } from './endpoint.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let lines: Record<string, unknown>[];
const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());
beforeEach(() => {
  lines = [];
});

async function brokenConversation(): Promise<Entry> {
  const [sender, recipient] = ['one', 'other'].map((handle) => ({
    uuid: randomUUID(),
    handle,
    display_name: handle,
  }));
  if (!sender || !recipient) throw new Error('nobody');
  const log = createLog(table, { batch: 'statements' });
  const entry = await messages.sendDirect(log, { sender, recipient, message: 'x' });
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: summaryKey(recipient.uuid, entry.message_group_uuid),
      UpdateExpression: 'SET message_count = :wrong',
      ExpressionAttributeValues: { ':wrong': 7 },
    }),
  );
  return entry;
}

const recordOf = (entry: Entry) => {
  const NewImage = marshall(entryItem(entry), { removeUndefinedValues: true });
  const Keys = { pk: NewImage.pk, sk: NewImage.sk };
  return { eventName: 'INSERT', dynamodb: { Keys, NewImage, SequenceNumber: '1' } } as DynamoDBRecord;
};

test('a conversation of the newest batch is recounted, and an alarm names it and what differs, once', async () => {
  const entry = await brokenConversation();
  const recent = createRecent();
  const handler = recent.noting(async () => ({ batchItemFailures: [] }));
  await handler({ Records: [recordOf(entry)] }, { getRemainingTimeInMillis: () => 1_000 });
  const monitor = createDriftMonitor(table, { onDrift: driftAlarm(logger), settleMs: [10, 10] });
  const watch = startDriftWatch({ monitor, everyMs: 30, recent: recent.take, logger });
  await eventually(monitor.counters, ({ samples }) => samples >= 4);
  watch.stop();
  expect(monitor.counters()).toMatchObject({ found: 1, differing: 1 });
  expect(lines).toMatchObject([
    {
      level: 50,
      messageGroupUuid: entry.message_group_uuid,
      findings: [{ invariant: 4, detail: 'message_count is 7, and 1 at last_seq 1' }],
    },
  ]);
});

test('a function on a schedule looks at random conversations, and answers what it found', async () => {
  const monitor = createDriftMonitor(table, { onDrift: driftAlarm(logger), settleMs: [10] });
  expect(await createDriftHandler(monitor, 3)()).toMatchObject({ found: 1, differing: 1 });
  const empty = await createTestTable();
  expect(await createDriftHandler(createScheduledMonitor(empty, logger), 3)()).toEqual({
    samples: 0,
    found: 0,
    differing: 0,
  });
  await empty.drop();
});

test('a runner tells its numbers as JSON and as metrics', async () => {
  const status = {
    status: 'ok' as const,
    lag_ms: 1_500,
    records_behind: 12,
    has_more: false,
    shards: { held: 2, open: 4 },
    dead_letters: 1,
    drift: { samples: 9, found: 2, differing: 1 },
  };
  const app = createEndpoint({ functions: {}, status: async () => status, wake: () => {}, logger });
  expect((await request(app).get('/status')).body).toEqual(status);
  const { text, headers } = await request(app).get('/metrics');
  expect(headers['content-type']).toContain('text/plain');
  for (const line of [
    'parley_stream_lag_seconds 1.5',
    'parley_stream_records_behind 12',
    'parley_drift_conversations 1',
  ])
    expect(text.split('\n')).toContain(line);
});

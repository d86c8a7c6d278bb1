import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDriftMonitor } from '@parley/core/audit/drift';
import { type Entry, entryItem } from '@parley/core/log/entries';
import { createTestTable } from '@parley/engines/testing/test-table';
import type { DynamoDBRecord } from 'aws-lambda';
import { pino } from 'pino';
import request from 'supertest';
import { driftAlarm } from '../drift/handler.ts';
import { brokenConversation } from '../testing/broken-conversation.ts';
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

const recordOf = (entry: Entry) => {
  const NewImage = marshall(entryItem(entry), { removeUndefinedValues: true });
  const Keys = { pk: NewImage.pk, sk: NewImage.sk };
  return { eventName: 'INSERT', dynamodb: { Keys, NewImage, SequenceNumber: '1' } } as DynamoDBRecord;
};

test('a conversation of the newest batch is recounted, and one alarm names it and its findings', async () => {
  const entry = await brokenConversation(table);
  const recent = createRecent();
  const handler = recent.watching(async () => ({ batchItemFailures: [] }));
  await handler({ Records: [recordOf(entry)] }, { getRemainingTimeInMillis: () => 1_000 });
  const monitor = createDriftMonitor(table, { onDrift: driftAlarm(logger), settleMs: [10, 10] });
  const watch = startDriftWatch({ monitor, everyMs: 30, recent: recent.pop, logger });
  await eventually(monitor.counters, ({ samples }) => samples >= 4);
  watch.stop();
  expect(monitor.counters()).toMatchObject({ found: 1, differing: 1 });
  expect(lines).toMatchObject([
    {
      level: 50,
      messageGroupUuid: entry.message_group_uuid,
      findings: [{ invariant: 4, detail: 'message_count is 7, but the log has 1 at last_seq 1' }],
    },
  ]);
});

test('a runner reports its numbers as JSON and as metrics', async () => {
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

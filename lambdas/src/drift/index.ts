import { loadConfig } from '@parley/config/config';
import { createTable } from '@parley/core/table/client';
import { createPowertools } from '../aws/powertools.ts';
import { createDriftHandler, createScheduledMonitor } from './handler.ts';

// Created once for each container, and reused by its invocations. A container handles one event at a time.
const config = loadConfig(process.env);
const powertools = createPowertools('drift');
const table = createTable({
  region: config.AWS_REGION,
  endpoint: config.AWS_ENDPOINT_URL_DYNAMODB,
  name: config.DDB_MESSAGE_TABLE,
  runnerName: config.DDB_RUNNER_TABLE,
});
powertools.traceClient(table.doc);
const look = createDriftHandler(createScheduledMonitor(table, powertools.lines));

export const handler = powertools.instrument(async () => {
  const counters = await look();
  powertools.count('DriftingConversations', counters.differing);
  return counters;
});

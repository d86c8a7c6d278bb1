import { loadConfig } from '@parley/config/config';
import { createTable } from '@parley/core/table/client';
import { pino } from 'pino';
import { createMessageStream } from './live.ts';

// Created once for each container, and reused by its invocations.
const config = loadConfig(process.env);
const table = createTable({
  region: config.AWS_REGION,
  endpoint: config.AWS_ENDPOINT_URL_DYNAMODB,
  name: config.DDB_MESSAGE_TABLE,
  runnerName: config.DDB_RUNNER_TABLE,
});

const messageStream = createMessageStream(config, table, pino({ level: config.LOG_LEVEL }));

/** For the event source without a window: every entry. */
export const handler = messageStream.summaries;
/** For the event source with a window: the entries of large conversations. */
export const largeHandler = messageStream.largeSummaries;

import { loadConfig } from '@parley/config/config';
import { createProjector } from '@parley/core/projector';
import { createTable } from '@parley/core/table/client';
import { pino } from 'pino';
import { createHandler } from './handler.ts';

// Created once for each container, and reused by its invocations.
const config = loadConfig(process.env);
const table = createTable({
  region: config.AWS_REGION,
  endpoint: config.AWS_ENDPOINT_URL_DYNAMODB,
  name: config.DDB_MESSAGE_TABLE,
  runnerName: config.DDB_RUNNER_TABLE,
});

export const handler = createHandler(createProjector(table), pino({ level: config.LOG_LEVEL }));

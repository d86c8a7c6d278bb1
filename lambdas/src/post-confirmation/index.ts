import { databaseOptions, loadConfig } from '@parley/config/config';
import { createPool } from '@parley/core/database/database';
import { createPowertools } from '../aws/powertools.ts';
import { createHandler } from './handler.ts';

// Created once for each container, and reused by its invocations. A container handles one event at a time.
const config = loadConfig(process.env);
const powertools = createPowertools('post-confirmation', config);
const pool = createPool({
  ...databaseOptions(config),
  max: 1,
  // With two seconds for the connection, less than the five that Cognito waits. A killed function would log no cause.
  queryTimeoutMs: 2_500,
  onError: (err) => powertools.lines.warn({ err }, 'postgres connection lost'),
});

export const handler = powertools.instrument(createHandler(pool, powertools.lines));

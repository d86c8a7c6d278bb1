import { loadConfig } from '@parley/config/config';
import { createPool } from '@parley/core/database';
import { pino } from 'pino';
import { createHandler } from './handler.ts';

// Created once for each container, and reused by its invocations. A container handles one event at a time.
const config = loadConfig(process.env);
const logger = pino({ level: config.LOG_LEVEL });
const pool = createPool({
  connectionString: config.DATABASE_URL,
  max: 1,
  onError: (err) => logger.warn({ err }, 'postgres connection lost'),
});

export const handler = createHandler(pool, logger);

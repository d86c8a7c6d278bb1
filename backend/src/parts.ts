import { randomUUID } from 'node:crypto';
import { appendBatch, type Config, databaseOptions, tableOptions } from '@parley/config/config';
import { createPool } from '@parley/core/database/database';
import { createNewestEntries } from '@parley/core/inbox/summaries';
import type { Entry } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import { createPages } from '@parley/core/log/pages';
import { createIdentities, createPeople } from '@parley/core/people/names';
import { closeTable, createTable } from '@parley/core/table/client';
import { observeRequests } from '@parley/core/table/requests';
import { createSessions } from './auth/sessions.ts';
import { createCognito, createSignUps } from './auth/sign-ups.ts';
import { createTokens } from './auth/tokens.ts';
import { createCursors } from './http/cursors.ts';
import { createOverload } from './http/overload.ts';
import { createRateLimit } from './http/rate-limit.ts';
import type { Logger } from './observe/logger.ts';
import { createMetrics } from './observe/metrics.ts';
import { createStreamRunner } from './observe/stream-runner.ts';
import { createTableWrites } from './observe/table-writes.ts';
import { traceTable } from './observe/tracing.ts';

export type Parts = ReturnType<typeof createParts>;

/** Builds the stores, sessions and limits of a node. Clients connect with their first request. */
export function createParts(config: Config, logger: Logger) {
  if (!config.DATABASE_URL) throw new Error('DATABASE_URL is not set');
  const tokens = createTokens(config);
  const table = createTable(tableOptions(config));
  const onError = (err: Error) => logger.warn({ err }, 'Postgres is unreachable');
  const pool = createPool({ ...databaseOptions(config), max: config.DATABASE_POOL_SIZE, onError });
  const cognito = createCognito(config.AWS_REGION, config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER);
  const runner = createStreamRunner(config.RUNNER_URL, logger);
  const identities = createIdentities(pool, { onError });
  // New with each start of the process.
  const nodeId = randomUUID();
  const writes = createTableWrites(table, nodeId);
  const appendListeners: ((written: Entry[]) => void)[] = [];
  const onAppend = (written: Entry[]) => {
    writes.appended();
    for (const listener of appendListeners) listener(written);
    runner.wake();
  };

  const metrics = createMetrics(config, logger);
  if (metrics) observeRequests(table, metrics.table);
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) observeRequests(table, traceTable);
  const overload = createOverload({
    maxInFlight: config.MAX_REQUESTS_IN_FLIGHT,
    maxPerPerson: config.MAX_REQUESTS_PER_PERSON,
    maxLoopDelayMs: config.MAX_EVENT_LOOP_DELAY_MS,
  });

  return {
    nodeId,
    config,
    metrics,
    logger,
    table,
    writes,
    runner,
    cognito,
    log: createLog(table, { batch: appendBatch(config), onAppend, onGivenUp: writes.givenUp }),
    newestEntries: createNewestEntries(table),
    pages: createPages(table),
    pool,
    people: createPeople(pool, { onError }),
    sessions: createSessions({ tokens, identities, signUps: createSignUps(pool, cognito) }),
    rateLimit: createRateLimit(config.RATE_LIMIT_PER_MINUTE),
    overload,
    cursors: createCursors(config.CURSOR_SECRETS),
    /** Calls the listener with the entries that this node appended, right after they are written. */
    onAppended: (listener: (written: Entry[]) => void) => void appendListeners.push(listener),
    async close() {
      await metrics?.stop();
      overload.close();
      cognito.destroy();
      await pool.end();
      closeTable(table);
    },
  };
}

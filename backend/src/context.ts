import { randomUUID } from 'node:crypto';
import { appendBatch, type Config, databaseOptions, tableOptions } from '@parley/config/config';
import { createPool } from '@parley/core/database/database';
import { createNewestEntries, type NewestEntries } from '@parley/core/inbox/summaries';
import type { Entry } from '@parley/core/log/entries';
import { createLog, type Log } from '@parley/core/log/log';
import { createPages, type Pages } from '@parley/core/log/pages';
import { createIdentities, createPeople, type People } from '@parley/core/people/names';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { observeRequests } from '@parley/core/table/requests';
import type { Pool } from 'pg';
import { createSessions, type Sessions } from './auth/sessions.ts';
import { createSignOuts, type SignOuts } from './auth/sign-outs.ts';
import { createCognito, createSignUps } from './auth/sign-ups.ts';
import { createTokens } from './auth/tokens.ts';
import { createErasures, type Erasures } from './erasures.ts';
import { type Cursors, createCursors } from './http/cursors.ts';
import { createOverload, type Overload } from './http/overload.ts';
import { createRateLimit, type RateLimit } from './http/rate-limit.ts';
import type { Logger } from './observe/logger.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { createReadiness, type Readiness } from './observe/readiness.ts';
import { createStreamRunner } from './observe/stream-runner.ts';
import { createTableWrites } from './observe/table-writes.ts';
import { traceTable } from './observe/tracing.ts';
import { createGateway, type Gateway } from './realtime/gateway.ts';

/** What routes work with. */
export type Context = {
  /** New with each start of the process. */
  nodeId: string;
  config: Config;
  logger: Logger;
  table: Table;
  log: Log;
  heads: NewestEntries;
  pages: Pages;
  pool: Pool;
  people: People;
  sessions: Sessions;
  rateLimit: RateLimit;
  overload: Overload;
  cursors: Cursors;
  readiness: Readiness;
  gateway: Gateway;
  erasures: Erasures;
  signOuts: SignOuts;
  metrics: Metrics | undefined;
  close(): Promise<void>;
};

/** Connects to nothing yet: clients do with their first request. Throws where the configuration cannot work. */
export function createContext(config: Config, logger: Logger): Context {
  if (!config.DATABASE_URL) throw new Error('DATABASE_URL is not set');
  const tokens = createTokens(config);
  const table = createTable(tableOptions(config));
  const onError = (err: Error) => logger.warn({ err }, 'Postgres is away');
  const pool = createPool({
    ...databaseOptions(config),
    max: config.DATABASE_POOL_SIZE,
    onError,
  });
  const cognito = createCognito(config.AWS_REGION, config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER);
  const runner = createStreamRunner(config.RUNNER_URL, logger);
  const identities = createIdentities(pool, { onError });

  const nodeId = randomUUID();
  const writes = createTableWrites(table, nodeId);
  const onAppend = (written: Entry[]) => {
    writes.appended();
    gateway.tellAppended(written);
    runner.wake();
  };

  const metrics = createMetrics(config, logger);
  if (metrics) observeRequests(table, metrics.table);
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) observeRequests(table, traceTable);

  const parts = {
    nodeId,
    config,
    metrics,
    logger,
    table,
    log: createLog(table, { batch: appendBatch(config), onAppend, onGivenUp: writes.givenUp }),
    heads: createNewestEntries(table),
    pages: createPages(table),
    pool,
    people: createPeople(pool, { onError }),
    sessions: createSessions({ tokens, identities, signUps: createSignUps(pool, cognito) }),
    rateLimit: createRateLimit(config.RATE_LIMIT_PER_MINUTE),
    overload: createOverload({
      maxInFlight: config.MAX_REQUESTS_IN_FLIGHT,
      maxPerPerson: config.MAX_REQUESTS_PER_PERSON,
      maxLoopDelayMs: config.MAX_EVENT_LOOP_DELAY_MS,
    }),
  };

  const readiness = createReadiness({
    table,
    writes,
    pool,
    runner,
    overload: parts.overload,
    signIn: config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
  });
  if (config.RUNNER_URL) metrics?.watchStream(async () => (await readiness.report()).stream);
  const gateway = createGateway(parts);
  const erasures = createErasures({ ...parts, client: cognito });

  return {
    ...parts,
    erasures,
    signOuts: createSignOuts({ config, client: cognito, logger }),
    gateway,
    cursors: createCursors(config.CURSOR_SECRETS),
    readiness,
    async close() {
      await erasures.stop();
      await metrics?.stop();
      parts.overload.close();
      cognito.destroy();
      await pool.end();
      closeTable(table);
    },
  };
}

import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { type Config, databaseOptions, loadConfig, tableOptions } from '@parley/config/config';
import { createDriftMonitor } from '@parley/core/audit/drift';
import { repairSummaries } from '@parley/core/audit/repair';
import { createPool } from '@parley/core/database/database';
import { clientConfig, closeTable, createTable, skipLogCopies } from '@parley/core/table/client';
import { pino } from 'pino';
import { forEachConsumer } from '../consumers/all.ts';
import { driftAlarm } from '../drift/handler.ts';
import { createMessageStream } from '../message-stream/live.ts';
import { SignUpRefused } from '../pre-sign-up/handler.ts';
import { createRecent, startDriftWatch } from './drift-watch.ts';
import { createEndpoint } from './endpoint.ts';
import { eventSources } from './event-sources.ts';
import { createFunctions } from './functions.ts';
import { createStatus } from './status.ts';
import { createStreamRunner } from './stream-runner.ts';

/** With a greater lag, summaries differ from their logs because they are late, so drift is not reported. */
const driftLagMs = 5_000;

/**
 * Runs the Lambdas off AWS: the consumers on the table's stream, and all behind the Lambda Invoke API. Returns `close`.
 */
export async function start(config: Config) {
  // Synchronous, because at exit sonic-boom 4.2.1 flushes its buffer for ever if the reader has died.
  const stdout = pino.destination({ dest: 1, sync: true });
  const logger = pino({ level: config.LOG_LEVEL, base: { service: 'stream-runner' } }, stdout);
  const table = createTable(tableOptions(config));
  const streams = new DynamoDBStreamsClient(
    clientConfig(config.AWS_REGION, config.AWS_ENDPOINT_URL_DYNAMODB),
  );
  skipLogCopies(streams);
  const onError = (err: unknown) => logger.warn({ err }, 'postgres connection lost');
  const pool = createPool({ ...databaseOptions(config), max: 2, onError });
  const messageStream = createMessageStream(config, table, logger);
  const recent = createRecent();
  const runner = createStreamRunner({
    table,
    streams,
    sources: eventSources(forEachConsumer(({ name }) => recent.watching(messageStream.handlers[name]))),
    logger,
    leaseMs: config.RUNNER_LEASE_MS,
    repair: async () => {
      const repaired = await repairSummaries(table);
      logger.info({ repaired }, 'stream records were lost: repaired the summaries from their logs');
    },
  });
  const monitor = createDriftMonitor(table, {
    onDrift: driftAlarm(logger),
    isBehind: () => runner.lagMs() > driftLagMs,
  });
  const watch =
    config.DRIFT_SAMPLE_SECONDS > 0 &&
    startDriftWatch({ monitor, everyMs: config.DRIFT_SAMPLE_SECONDS * 1_000, recent: recent.pop, logger });
  const app = createEndpoint({
    functions: createFunctions(messageStream, pool, logger),
    isExpected: (error) => error instanceof SignUpRefused,
    status: createStatus(runner, monitor),
    wake: runner.wake,
    logger,
    boundTo: config.RUNNER_HOST,
  });
  const server = app.listen(config.RUNNER_PORT, config.RUNNER_HOST, (error?: Error) => {
    if (!error) return;
    logger.fatal(
      { err: error },
      `cannot listen on ${config.RUNNER_HOST}:${config.RUNNER_PORT} (RUNNER_PORT)`,
    );
    process.exit(1);
  });
  runner.start();

  return async function close() {
    server.close();
    if (watch) watch.stop();
    await runner.stop();
    messageStream.close();
    streams.destroy();
    closeTable(table);
    await pool.end();
  };
}

if (import.meta.filename === process.argv[1]) {
  const close = await start(loadConfig(process.env));
  let isClosing = false;
  const stop = async () => {
    if (isClosing) return;
    isClosing = true;
    await close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, stop);
  // The parent process may have died before this one listened for `disconnect`.
  if (process.connected === false) await stop();
}

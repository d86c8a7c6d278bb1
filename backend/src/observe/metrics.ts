import type { Config } from '@parley/config/config';
import type { TableRequest } from '@parley/core/table/requests';
import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Logger } from './logger.ts';
import { addGauge, createMeters } from './meters.ts';
import { createMetricsServer } from './metrics-server.ts';
import type { StreamPart } from './readiness.ts';

type MetricsConfig = Pick<Config, 'METRICS_PORT' | 'METRICS_HOST' | 'METRICS_LOG_SECONDS'>;

const emptyLine = { appends: 0, refused_appends: 0, missed_deliveries: 0 };

export type Metrics = NonNullable<ReturnType<typeof createMetrics>>;

/** The metrics of a node, for Prometheus and a periodic log line. Undefined if neither is configured. */
export function createMetrics(config: MetricsConfig, logger: Logger) {
  if (config.METRICS_PORT === 0 && config.METRICS_LOG_SECONDS === 0) return undefined;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const meters = createMeters(registry);
  const server = createMetricsServer({
    ...{ registry, logger, port: config.METRICS_PORT, host: config.METRICS_HOST },
  });
  /** The counts since the last line. */
  let line = { ...emptyLine };
  let sockets = () => 0;
  let timer: NodeJS.Timeout | undefined;

  const http: RequestHandler = (req, res, next) => {
    const end = meters.requests.startTimer({ method: req.method });
    res.once('close', () =>
      end({ route: routeOf(req.route), status: res.writableFinished ? res.statusCode : 'aborted' }),
    );
    next();
  };

  function table({ operation, ms, items, refused, units, error }: TableRequest) {
    meters.tableRequests.observe({ operation, outcome: outcomeOf(error, refused) }, ms / 1_000);
    if (units > 0) meters.units.inc({ operation }, units);
    if (operation !== 'Append') return;
    meters.batch.observe(items);
    meters.refused.inc(refused);
    // A cancelled transaction wrote nothing: the entries that were not refused are sent again.
    if (!error) line.appends += items - refused;
    line.refused_appends += refused;
  }

  function log() {
    logger.info({ sockets: sockets(), ...line }, 'node');
    line = { ...emptyLine };
  }

  return {
    http,
    table,
    frame: (action: string, outcome: string, ms: number) =>
      meters.frames.observe({ action, outcome }, ms / 1_000),
    delivered: (people: number) => meters.delivered.inc(people),
    missed() {
      meters.missed.inc();
      line.missed_deliveries += 1;
    },
    watchStream: (ask: () => Promise<StreamPart>) => watchStream(registry, ask),
    watchSockets(count: () => number) {
      sockets = count;
      addGauge(registry, { name: 'parley_sockets', help: 'Sockets on this node', read: count });
    },
    /** Rejects if the port is taken. */
    async start() {
      if (config.METRICS_LOG_SECONDS > 0) timer = setInterval(log, config.METRICS_LOG_SECONDS * 1_000);
      await server.start();
    },
    async stop() {
      clearInterval(timer);
      await server.stop();
    },
  };
}

/** Adds the figures that the stream's runners report, if there are any. */
function watchStream(registry: Registry, ask: () => Promise<StreamPart>) {
  const watch = (name: string, help: string, select: (stream: StreamPart) => number | null) =>
    addGauge(registry, { name: `parley_${name}`, help, read: async () => select(await ask()) ?? undefined });
  watch('stream_lag_seconds', 'How far summaries are behind the log', ({ lag_ms }) =>
    lag_ms === null ? null : lag_ms / 1_000,
  );
  watch('stream_records_behind', 'Stream records not handled yet', (stream) => stream.records_behind);
  watch('dead_letters', 'Records given up since the runners started', (stream) => stream.dead_letters);
  watch(
    'drifting_conversations',
    'Conversations whose summaries differ from their log',
    (stream) => stream.drifting_conversations,
  );
}

/** The route's pattern. The requested path would make a new series for each conversation. */
const routeOf = (route: { path?: unknown } | undefined) =>
  typeof route?.path === 'string' ? route.path : 'none';

function outcomeOf(error: unknown, refused: number): string {
  if (refused > 0) return 'refused';
  return error instanceof Error ? error.name : error ? 'error' : 'ok';
}

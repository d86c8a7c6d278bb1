import { createServer } from 'node:http';
import type { Config } from '@parley/config/config';
import { refusalOf } from '@parley/contract/loopback';
import type { TableRequest } from '@parley/core/table/requests';
import type { RequestHandler } from 'express';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Logger } from './logger.ts';
import type { StreamPart } from './readiness.ts';

type MetricsConfig = Pick<Config, 'METRICS_PORT' | 'METRICS_HOST' | 'METRICS_LOG_SECONDS'>;

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const batchSizes = [1, 2, 5, 10, 25, 50, 100];

export type Metrics = NonNullable<ReturnType<typeof createMetrics>>;

/** What a node counts, for Prometheus and for a line a minute. Undefined, and free, where neither is configured. */
export function createMetrics(config: MetricsConfig, logger: Logger) {
  if (config.METRICS_PORT === 0 && config.METRICS_LOG_SECONDS === 0) return undefined;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Histogram({
    name: 'parley_http_request_seconds',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers,
  });
  const frames = new Histogram({
    name: 'parley_frame_seconds',
    help: 'Frames of sockets by action and outcome (a code of the API, or ok)',
    labelNames: ['action', 'outcome'],
    buckets: seconds,
    registers,
  });
  const delivered = new Counter({
    name: 'parley_events_total',
    help: 'Entries handed on to a person here',
    registers,
  });
  const missed = new Counter({
    name: 'parley_missed_deliveries_total',
    help: 'Times this node missed a delivery and let its sockets catch up',
    registers,
  });
  const tableRequests = new Histogram({
    name: 'parley_table_request_seconds',
    help: 'Requests to the table by operation and outcome',
    labelNames: ['operation', 'outcome'],
    buckets: seconds,
    registers,
  });
  const units = new Counter({
    name: 'parley_table_units_total',
    help: 'Capacity units consumed, as the table tells',
    labelNames: ['operation'],
    registers,
  });
  const batch = new Histogram({
    name: 'parley_append_batch_entries',
    help: 'Entries that share a request',
    buckets: batchSizes,
    registers,
  });
  const refused = new Counter({
    name: 'parley_append_conflicts_total',
    help: 'Entries whose number was taken by another node',
    registers,
  });
  let line = { appends: 0, refused_appends: 0, missed_deliveries: 0 };
  let sockets = () => 0;

  const http: RequestHandler = (req, res, next) => {
    const end = requests.startTimer({ method: req.method });
    res.once('close', () =>
      end({ route: routeOf(req.route), status: res.writableFinished ? res.statusCode : 'aborted' }),
    );
    next();
  };

  function table({ operation, ms, items, refused: count, units: consumed, error }: TableRequest) {
    tableRequests.observe({ operation, outcome: outcomeOf(error, count) }, ms / 1_000);
    if (consumed > 0) units.inc({ operation }, consumed);
    if (operation !== 'Append') return;
    batch.observe(items);
    refused.inc(count);
    // A cancelled transaction wrote nothing: what was not refused goes again.
    if (!error) line.appends += items - count;
    line.refused_appends += count;
  }

  /** A value that is asked for when it is wanted. */
  function gauge(name: string, help: string, value: () => number | undefined | Promise<number | undefined>) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const known = await Promise.resolve(value()).catch(() => undefined);
        this.set(known ?? Number.NaN);
      },
    });
  }

  const server = createServer(async (req, res) => {
    if (refusalOf(req.headers, { boundTo: config.METRICS_HOST })) return res.writeHead(403).end();
    if (req.url !== '/metrics') return res.writeHead(404).end();
    try {
      res.setHeader('Content-Type', registry.contentType).end(await registry.metrics());
    } catch (err) {
      logger.warn({ err }, 'the metrics could not be told');
      res.writeHead(500).end();
    }
  });
  let timer: NodeJS.Timeout | undefined;

  return {
    http,
    table,
    frame: (action: string, outcome: string, ms: number) => frames.observe({ action, outcome }, ms / 1_000),
    delivered: (people: number) => delivered.inc(people),
    missed() {
      missed.inc();
      line.missed_deliveries += 1;
    },
    /** What the stream's runners tell, where there are any. */
    watchStream(ask: () => Promise<StreamPart>) {
      const watch = (name: string, help: string, read: (stream: StreamPart) => number | null) =>
        gauge(`parley_${name}`, help, async () => read(await ask()) ?? undefined);
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
    },
    watchSockets(count: () => number) {
      sockets = count;
      gauge('parley_sockets', 'Sockets on this node', count);
    },

    /** Rejects where the port is taken. */
    async start() {
      if (config.METRICS_LOG_SECONDS > 0) timer = setInterval(log, config.METRICS_LOG_SECONDS * 1_000);
      if (config.METRICS_PORT === 0) return;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.METRICS_PORT, config.METRICS_HOST, resolve);
      });
    },
    async stop() {
      clearInterval(timer);
      if (!server.listening) return;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };

  function log() {
    logger.info({ sockets: sockets(), ...line }, 'node');
    line = { appends: 0, refused_appends: 0, missed_deliveries: 0 };
  }
}

/** As the API spells it, never as the caller does: an address would make a series of its own. */
const routeOf = (route: { path?: unknown } | undefined) =>
  typeof route?.path === 'string' ? route.path : 'none';

function outcomeOf(error: unknown, refused: number): string {
  if (refused > 0) return 'refused';
  return error instanceof Error ? error.name : error ? 'error' : 'ok';
}

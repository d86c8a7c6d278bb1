import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const batchSizes = [1, 2, 5, 10, 25, 50, 100];

/** The counters and histograms of a node. */
export function createMeters(registry: Registry) {
  const registers = [registry];
  const times = { buckets: seconds, registers };
  return {
    requests: new Histogram({
      ...times,
      name: 'parley_http_request_seconds',
      help: 'Requests by route and status',
      labelNames: ['method', 'route', 'status'],
    }),
    frames: new Histogram({
      ...times,
      name: 'parley_frame_seconds',
      help: 'Frames of sockets by action and outcome (a code of the API, or ok)',
      labelNames: ['action', 'outcome'],
    }),
    delivered: new Counter({
      name: 'parley_events_total',
      help: 'Entries delivered to people on this node, counted for each person',
      registers,
    }),
    missed: new Counter({
      name: 'parley_missed_deliveries_total',
      help: 'Times this node missed a delivery and made its sockets resync',
      registers,
    }),
    tableRequests: new Histogram({
      ...times,
      name: 'parley_table_request_seconds',
      help: 'Requests to the table by operation and outcome',
      labelNames: ['operation', 'outcome'],
    }),
    units: new Counter({
      name: 'parley_table_units_total',
      help: 'Capacity units consumed, as reported by the table',
      labelNames: ['operation'],
      registers,
    }),
    batch: new Histogram({
      name: 'parley_append_batch_entries',
      help: 'Entries written by one request',
      buckets: batchSizes,
      registers,
    }),
    refused: new Counter({
      name: 'parley_append_conflicts_total',
      help: 'Entries whose number was taken by another node',
      registers,
    }),
  };
}

/** A gauge whose value is read when the metrics are collected; NaN if nobody knows it. */
export function addGauge(
  registry: Registry,
  {
    name,
    help,
    read,
  }: { name: string; help: string; read: () => number | undefined | Promise<number | undefined> },
) {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const known = await Promise.resolve(read()).catch(() => undefined);
      this.set(known ?? Number.NaN);
    },
  });
}

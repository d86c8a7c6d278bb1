import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from '@jest/globals';
import { metricsOf } from '@parley/lambdas/runner/metrics';
import { freePort } from '../testing/free-port.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';

let exposed: string;
beforeAll(async () => {
  const METRICS_PORT = Number(await freePort());
  const config = { METRICS_PORT, METRICS_HOST: '127.0.0.1', METRICS_LOG_SECONDS: 0 };
  const metrics = createMetrics(config, createLogger('silent'));
  metrics?.watchSockets(() => 0);
  metrics?.watchStream(async () => ({
    ...{ status: 'ok', lag_ms: 1_500, records_behind: 0, dead_letters: 0, drifting_conversations: 0 },
  }));
  await metrics?.start();
  const ofNode = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
  await metrics?.stop();
  const drift = { samples: 0, found: 0, differing: 0 };
  const ofRunner = metricsOf({
    ...{ status: 'ok', lag_ms: 0, records_behind: 0, has_more: false, dead_letters: 0, drift },
    shards: { held: 0, open: 0 },
  });
  exposed = `${ofNode}\n${ofRunner}`;
});

it('every metric on the Grafana dashboard is reported by a node or a runner', async () => {
  const told = new Set([...exposed.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  const dashboard = await readFile(new URL('../../../infra/grafana/parley.json', import.meta.url), 'utf8');
  const shown = [...dashboard.matchAll(/\b((?:parley|process|nodejs)_\w+)/g)].map(([, name = '']) => name);
  expect(shown.length).toBeGreaterThan(15);
  for (const name of shown)
    expect(told).toContain(name.replace(/_(bucket|count|sum)$/, (end) => (told.has(name) ? end : '')));
});

it('metrics follow the naming rules of Prometheus: base units, and _total for counters', () => {
  const types = [...exposed.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  expect(types.length).toBeGreaterThan(30);
  for (const [, name = '', type] of types) {
    expect(name).toMatch(/^(parley|process|nodejs)_[a-z0-9_]+$/);
    expect(name).not.toMatch(
      /_(ms|milliseconds?|us|ns|minutes?|hours?|days?|[kmg]i?b|percent|ratio_percent)(_|$)/,
    );
    // Default metrics of prom-client have gauges of active resources that end in _total.
    if (name.startsWith('parley_'))
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes|entries)$/);
    expect(exposed).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
  }
  expect(exposed).toMatch(/^parley_stream_lag_seconds 1.5$/m);
});

import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { metricsOf } from '@parley/lambdas/local/metrics';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { freePort } from './testing/free-port.ts';

it('every metric on the Grafana dashboard is one that a node or a runner tells', async () => {
  const METRICS_PORT = Number(await freePort());
  const config = { METRICS_PORT, METRICS_HOST: '127.0.0.1', METRICS_LOG_SECONDS: 0 };
  const metrics = createMetrics(config, createLogger('silent'));
  metrics?.watchSockets(() => 0);
  await metrics?.start();
  const ofNode = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
  await metrics?.stop();
  const drift = { samples: 0, found: 0, differing: 0 };
  const ofRunner = metricsOf({
    ...{ status: 'ok', lag_ms: 0, records_behind: 0, has_more: false, dead_letters: 0, drift },
    shards: { held: 0, open: 0 },
  });
  const told = new Set([...`${ofNode}\n${ofRunner}`.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  const dashboard = await readFile(new URL('../../infra/grafana/parley.json', import.meta.url), 'utf8');
  const shown = [...dashboard.matchAll(/\b((?:parley|process|nodejs)_\w+)/g)].map(([, name = '']) => name);
  expect(shown.length).toBeGreaterThan(15);
  for (const name of shown)
    expect(told).toContain(name.replace(/_(bucket|count|sum)$/, (end) => (told.has(name) ? end : '')));
});

import { createServer } from 'node:http';
import { refusalOf } from '@parley/contract/loopback';
import type { Registry } from 'prom-client';
import type { Logger } from './logger.ts';

export type MetricsServerOptions = { registry: Registry; port: number; host: string; logger: Logger };

/** Serves the metrics in Prometheus' form on a port of its own. Port 0 turns it off. */
export function createMetricsServer({ registry, port, host, logger }: MetricsServerOptions) {
  const server = createServer(async (req, res) => {
    if (refusalOf(req.headers, { boundTo: host })) return res.writeHead(403).end();
    if (req.url !== '/metrics') return res.writeHead(404).end();
    try {
      res.setHeader('Content-Type', registry.contentType).end(await registry.metrics());
    } catch (err) {
      logger.warn({ err }, 'the metrics could not be collected');
      res.writeHead(500).end();
    }
  });
  return {
    /** Rejects if the port is taken. */
    async start() {
      if (port === 0) return;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
    },
    async stop() {
      if (!server.listening) return;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

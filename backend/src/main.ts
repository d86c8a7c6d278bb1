import { loadConfig } from '@parley/config/config';
import { createLogger } from './observe/logger.ts';
import { startTracing } from './observe/tracing.ts';
import { start } from './start.ts';

let stop = async () => {};
// `disconnect` means that the process that forked this one has ended. A second signal ends this one at once.
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.once(event, () => void stop().finally(() => process.exit()));
}
// The parent may have ended before the listener above was added.
if (process.connected === false) process.exit();

try {
  const config = loadConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const flushTraces = endpoint ? await startTracing(endpoint) : undefined;
  const api = await start(config, logger);
  stop = async () => {
    stop = async () => {};
    await api.stop();
    await flushTraces?.();
    logger.info('the API has stopped');
  };
  logger.info({ url: api.url }, 'the API listens');
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

function explain(error: unknown) {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error) || error.code !== 'EADDRINUSE' || !('port' in error)) return error.message;
  const variable = error.port === loadConfig(process.env).DELIVERY_PORT ? 'DELIVERY_PORT' : 'PORT';
  return `Port ${error.port} is taken. Stop what uses it, or set ${variable} to another one.`;
}

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Config } from '@parley/config/config';
import type { Context } from 'aws-lambda';
import type { Lines } from '../lines.ts';

/** A function's log lines (JSON), metrics (EMF, in the log) and X-Ray segments. Call it once for each container. */
export function createPowertools(serviceName: string, { LOG_LEVEL }: Pick<Config, 'LOG_LEVEL'>) {
  // Passed here, because Powertools accepts only upper case from the environment. It calls `fatal` `critical`.
  const logger = new Logger({ serviceName, logLevel: LOG_LEVEL === 'fatal' ? 'critical' : LOG_LEVEL });
  const metrics = new Metrics({ serviceName, namespace: 'Parley' });
  const tracer = new Tracer({ serviceName });

  /**
   * Adds the request id to each log line of an invocation, publishes its metrics at the end, and puts its error into
   * the trace. An expected error is an answer to the caller: it is logged as INFO, because nobody must act.
   */
  function instrument<E, R>(
    handle: (event: E, context: Context) => Promise<R>,
    { isExpected = () => false }: { isExpected?: (error: unknown) => boolean } = {},
  ) {
    return async (event: E, context: Context): Promise<R> => {
      logger.addContext(context);
      metrics.captureColdStartMetric(context.functionName);
      const segment = tracer.isTracingEnabled() ? tracer.getSegment() : undefined;
      const subsegment = segment?.addNewSubsegment(`## ${serviceName}`);
      if (subsegment) tracer.setSegment(subsegment);
      try {
        return await handle(event, context);
      } catch (error) {
        if (isExpected(error)) logger.info('invocation refused', { error });
        else logger.error('invocation failed', { error });
        if (subsegment && error instanceof Error) subsegment.addError(error, false);
        throw error;
      } finally {
        if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
        subsegment?.close();
        if (segment) tracer.setSegment(segment);
      }
    };
  }

  return {
    lines: linesOf(logger),
    instrument,
    traceClient: <C>(client: C): C => tracer.captureAWSv3Client(client),
    count: (name: string, value: number) => metrics.addMetric(name, MetricUnit.Count, value),
    milliseconds: (name: string, value: number) => metrics.addMetric(name, MetricUnit.Milliseconds, value),
  };
}

export type Powertools = ReturnType<typeof createPowertools>;

/** Powertools takes the message first, and expects an error in the field `error`. */
function linesOf(logger: Logger): Lines {
  const fields = ({ err, ...rest }: Record<string, unknown>) =>
    err === undefined ? rest : { ...rest, error: err };
  return {
    error: (given, message) => logger.error(message, fields(given)),
    debug: (given, message) => logger.debug(message, fields(given)),
    info: (given, message) => logger.info(message, fields(given)),
    warn: (given, message) => logger.warn(message, fields(given)),
  };
}

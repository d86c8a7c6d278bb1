import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { TableRequest } from '@parley/core/table/requests';
import type { RequestHandler } from 'express';

const tracer = () => trace.getTracer('parley');

/**
 * Sends spans to an OTLP endpoint from here on; without a call of this, spans are nothing and cost next to nothing. The
 * packages that do it are loaded only then. Resolves to a function that sends what is left.
 *
 * @param endpoint base address of the collector, such as `http://127.0.0.1:4318`
 */
export async function startTracing(endpoint: string): Promise<() => Promise<void>> {
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'parley-backend' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return () => provider.shutdown();
}

/** A span for each request, within the caller's trace where it names one (`traceparent`). No query, header or body. */
export const traceRequests: RequestHandler = (req, res, next) => {
  const caller = propagation.extract(context.active(), req.headers);
  const attributes = { 'http.request.method': req.method, request_id: req.id };
  const span = tracer().startSpan(req.method, { kind: SpanKind.SERVER, attributes }, caller);
  res.once('close', () => {
    const route: unknown = req.route?.path;
    if (typeof route === 'string')
      span.updateName(`${req.method} ${route}`).setAttribute('http.route', route);
    span.setAttribute('http.response.status_code', res.statusCode);
    if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(caller, span), next);
};

/** A frame of a socket is the beginning of a trace, with what it leads to inside. */
export function traceFrame<T>(action: string, run: () => Promise<T>): Promise<T> {
  return tracer().startActiveSpan(`frame ${action}`, { kind: SpanKind.SERVER }, async (span) => {
    try {
      return await run();
    } finally {
      span.end();
    }
  });
}

/** What leads from a line to the span that it was written in. Nothing where nobody traces. */
export function activeSpan() {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** A request to the table, told of when it is over. Appends that share a request lie in the trace of the first. */
export function traceTable({ operation, startedAtMs, ms, items, refused, error }: TableRequest) {
  const attributes = { 'db.system': 'dynamodb', 'db.operation.name': operation, items, refused };
  const span = tracer().startSpan(operation, { kind: SpanKind.CLIENT, attributes, startTime: startedAtMs });
  if (error instanceof Error) span.setStatus({ code: SpanStatusCode.ERROR, message: error.name });
  span.end(startedAtMs + ms);
}

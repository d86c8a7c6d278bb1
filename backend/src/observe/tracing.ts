import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { TableRequest } from '@parley/core/table/requests';
import type { RequestHandler } from 'express';

const tracer = () => trace.getTracer('parley');

/**
 * Starts to send spans to an OTLP endpoint and loads the packages for it. Without this call spans go nowhere and cost
 * almost nothing. Resolves to a function that sends the remaining spans.
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

/**
 * Makes a span for each request, within the caller's trace (`traceparent`) if there is one. No query, header or body.
 */
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

/** Starts a trace for a frame of a socket. The spans made during `run` belong to it. */
export function traceFrame<T>(action: string, run: () => Promise<T>): Promise<T> {
  return tracer().startActiveSpan(`frame ${action}`, { kind: SpanKind.SERVER }, async (span) => {
    try {
      return await run();
    } finally {
      span.end();
    }
  });
}

/** The ids that link a log line to the active span. Empty without tracing. */
export function activeSpan() {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** Makes the span of a finished table request. Appends that share a request belong to the trace of the first. */
export function traceTable({ operation, startedAtMs, ms, items, refused, error }: TableRequest) {
  const attributes = { 'db.system': 'dynamodb', 'db.operation.name': operation, items, refused };
  const span = tracer().startSpan(operation, { kind: SpanKind.CLIENT, attributes, startTime: startedAtMs });
  if (error instanceof Error) span.setStatus({ code: SpanStatusCode.ERROR, message: error.name });
  span.end(startedAtMs + ms);
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connect } from '../testing/live-client.ts';
import { createWorld, type World } from '../testing/world.ts';
import { createLogger } from './logger.ts';
import { startTracing } from './tracing.ts';

type Span = { name: string; traceId: string; spanId: string; parentSpanId?: string };
const received: Span[] = [];
let body = '';
const collector = createServer(async (req, res) => {
  let text = '';
  for await (const part of req) text += part;
  body += text;
  const { resourceSpans } = JSON.parse(text);
  for (const { scopeSpans } of resourceSpans) for (const { spans } of scopeSpans) received.push(...spans);
  res.setHeader('Content-Type', 'application/json').end('{}');
});

let world: World;
let endpoint: string;
beforeAll(async () => {
  await once(collector.listen(0, '127.0.0.1'), 'listening');
  endpoint = `http://127.0.0.1:${(collector.address() as { port: number }).port}`;
  world = await createWorld();
});
afterAll(async () => {
  await world.close();
  await new Promise((resolve) => {
    collector.close(resolve);
    collector.closeAllConnections();
  });
});

it("a request is a span in its caller's trace, and a frame starts a trace; log lines carry both, and spans hold no token or text", async () => {
  const [ada] = [await world.person('ada'), await world.person('ben')];
  const flush = await startTracing(endpoint);
  const lines: string[] = [];
  const logger = createLogger('debug', { write: (line: string) => void lines.push(line) });
  const api = await world.liveNode({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, logger);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const { status } = await api.post('/api/messages', {
    as: ada,
    body: { handle: 'ben', message: 'untraced-text' },
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  expect(status).toBe(200);
  const client = await connect(api.url);
  await client.authenticate(ada);
  await client.request('message.send', { handle: 'ben', message: 'untraced-text' });
  await client.close();
  await flush();
  const request = received.find(({ name }) => name === 'POST /api/messages');
  expect(request).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' });
  const inside = received.filter(({ parentSpanId }) => parentSpanId === request?.spanId);
  expect(inside.map(({ name }) => name)).toContain('TransactWriteItems');
  const within = lines.map((line) => JSON.parse(line)).filter(({ trace_id }) => trace_id === traceId);
  for (const msg of ['appended', 'request'])
    expect(within).toContainEqual(expect.objectContaining({ msg, span_id: request?.spanId }));
  const { traceId: trace_id, spanId: span_id } =
    received.find(({ name }) => name === 'frame message.send') ?? {};
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ msg: 'appended', connection: expect.any(String), trace_id, span_id }),
  );
  expect(body).not.toContain('untraced-text');
  expect(body).not.toContain(ada?.token);
});

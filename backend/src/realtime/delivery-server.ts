import { createServer, type IncomingMessage } from 'node:http';
import { z } from '@parley/contract/zod';
import { type Delivery, deliverPath, maxDeliveryBytes, onlinePath } from '@parley/core/live/delivery';
import { createVerifier, hashOf, signatureHeader } from '@parley/core/live/delivery-signature';
import type { Clock } from '@parley/core/table/clock';
import type { Logger } from '../observe/logger.ts';

export type DeliveryServerOptions = {
  nodeId: string;
  secrets: readonly string[];
  clock: Clock;
  logger: Logger;
  /** Takes a delivery. It is answered at once: who waits for it is the stream. */
  onDelivery: (delivery: Delivery) => void;
  /** Who of these people is here. */
  online: (userUuids: string[]) => string[];
};

/** A sender gives up after a second. Node looks for late requests every 30 s unless it is told a shorter interval. */
const timeouts = { headersTimeout: 2_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000 };
const records = z.array(z.looseObject({}));
const deliverySchema = z.object({
  conversations: z
    .array(
      z.looseObject({
        message_group_uuid: z.string(),
        version: z.int(),
        entries: records,
        erased: z.array(z.string()).optional(),
        rows: records,
        members: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  events: z.array(z.looseObject({ event: z.string(), user_uuid: z.string() })).optional(),
});
const onlineSchema = z.object({ user_uuids: z.array(z.string()) });

/** The internal endpoint: the stream's Lambda and other nodes, by their signature. No token of a person opens it. */
export function createDeliveryServer(options: DeliveryServerOptions) {
  const { nodeId, secrets, clock, logger, onDelivery, online } = options;
  const verify = createVerifier(secrets, nodeId);

  const server = createServer(timeouts, async (req, res) => {
    try {
      const { status, answer } = await handle(req);
      const body = answer === undefined ? '' : JSON.stringify(answer);
      // Without this Node would read the rest of a refused body to use the connection again.
      if (!req.complete) res.setHeader('Connection', 'close');
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
    } catch (err) {
      logger.warn({ err }, 'a delivery was not taken');
      if (!res.headersSent) res.writeHead(400).end();
    }
  });

  async function handle(req: IncomingMessage): Promise<{ status: number; answer?: unknown }> {
    // A page of a browser: nobody who signs is one.
    if (req.headers.origin !== undefined) return { status: 403 };
    const path = req.url ?? '';
    if (req.method !== 'POST' || (path !== deliverPath && path !== onlinePath)) return { status: 404 };
    // Our senders declare the length, so a body without one needs no look.
    const length = Number(req.headers['content-length'] ?? Number.NaN);
    if (length > maxDeliveryBytes) return { status: 413 };
    const signature = String(req.headers[signatureHeader] ?? '');
    const hash = verify(signature, { path, length, nowMs: clock.now() });
    if (hash === undefined) return { status: 401 };
    const body = await readBody(req, length);
    if (!body || hashOf(body) !== hash) return { status: 401 };
    const value: unknown = JSON.parse(body.toString());
    if (path === onlinePath)
      return { status: 200, answer: { online: online(onlineSchema.parse(value).user_uuids) } };
    onDelivery(deliverySchema.parse(value) as Delivery);
    return { status: 200 };
  }

  return {
    listen: (port: number, host: string) =>
      new Promise<number>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : port);
        });
      }),
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** Undefined where it is longer than it was said to be. */
async function readBody(req: IncomingMessage, length: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req) {
    bytes += part.length;
    if (bytes > length) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

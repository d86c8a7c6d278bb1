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
  /** Called with each delivery. The request is answered without waiting, because the stream waits for the answer. */
  onDelivery: (delivery: Delivery) => void;
  /** The people of this list who are online on this node. */
  online: (userUuids: string[]) => string[];
};

/** A sender gives up after a second. Node enforces these timeouts only every 30 s by default. */
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

/**
 * The internal endpoint for the stream's Lambda and other nodes. It accepts their signatures, and no token of a person.
 */
export function createDeliveryServer(options: DeliveryServerOptions) {
  const { nodeId, secrets, clock, logger, onDelivery, online } = options;
  const verify = createVerifier(secrets, nodeId);

  const server = createServer(timeouts, async (req, res) => {
    try {
      const { status, answer } = await handle(req);
      const body = answer === undefined ? '' : JSON.stringify(answer);
      // Otherwise Node would read the rest of a refused body in order to reuse the connection.
      if (!req.complete) res.setHeader('Connection', 'close');
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
    } catch (err) {
      logger.warn({ err }, 'a delivery could not be read');
      if (!res.headersSent) res.writeHead(400).end();
    }
  });

  async function handle(req: IncomingMessage): Promise<{ status: number; answer?: unknown }> {
    // Only browsers send an origin, and no sender of deliveries is one.
    if (req.headers.origin !== undefined) return { status: 403 };
    const path = req.url ?? '';
    if (req.method !== 'POST' || (path !== deliverPath && path !== onlinePath)) return { status: 404 };
    // Our senders declare the length. A body without one fails the signature, which covers the length.
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

/** Undefined if the body is longer than declared. */
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

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/**
 * What a server hears, as hex, of a client that will not talk without TLS: its request for it, and nothing after it.
 */
export const tlsRequest = '0000000804d2162f';

/** A Postgres that speaks no TLS, and notes what it hears. */
export async function startPlainPostgres() {
  const heard: string[] = [];
  const server = createServer((socket) =>
    socket.on('data', (data) => {
      heard.push(data.toString('hex'));
      socket.write('N');
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `postgres://parley@127.0.0.1:${port}/parley`, heard, close: () => server.close() };
}

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/**
 * The only bytes, as hex, from a client that insists on TLS: its request for TLS.
 */
export const tlsRequest = '0000000804d2162f';

/** A Postgres without TLS that records what it receives. */
export async function startPlainPostgres() {
  const received: string[] = [];
  const server = createServer((socket) =>
    socket.on('data', (data) => {
      received.push(data.toString('hex'));
      socket.write('N');
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `postgres://parley@127.0.0.1:${port}/parley`, received, close: () => server.close() };
}

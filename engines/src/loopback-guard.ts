import { randomInt } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { refusalOf } from '@parley/contract/loopback';

const maxHeadBytes = 16_384;
const headTimeoutMs = 10_000;

/** A loopback address and port that only our own programs know. */
export type Door = { host: string; port: number };

/**
 * A random address, one of 2^39, that no page can guess. Our own programs use it to bypass the guard and its cost. If the
 * machine has only 127.0.0.1 (macOS), it is one of 50,000 ports.
 */
export async function findHiddenDoor(): Promise<Door> {
  const hasWholeLoopback = process.platform === 'linux';
  const host = hasWholeLoopback
    ? ['127', randomInt(1, 255), randomInt(0, 256), randomInt(1, 255)].join('.')
    : '127.0.0.1';
  for (;;) {
    const port = randomInt(10_000, 60_000);
    if (await isFree(host, port)) return { host, port };
  }
}

async function isFree(host: string, port: number) {
  const probe = createServer();
  return new Promise<boolean>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

/**
 * Protects a server that does not check the origin of web pages: forwards connections of programs and refuses those of
 * pages. It reads only the header of the first request of each connection. A POST of a browser always has an origin, and
 * a browser does not share connections with a program. It refuses any other first request, because that could come from
 * a page (an image has no origin).
 */
export function createLoopbackGuard(target: Door) {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    track(client);
    client.setTimeout(headTimeoutMs, () => client.destroy());
    let head = Buffer.alloc(0);
    client.on('data', function onHead(data) {
      head = head.length > 0 ? Buffer.concat([head, data]) : data;
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length <= maxHeadBytes) return;
      client.off('data', onHead);
      client.pause();
      if (end < 0 || isRefused(head.toString('latin1', 0, end))) return client.end(refusal);
      client.setTimeout(0);
      pass(client, head);
    });
  });

  function pass(client: Socket, head: Buffer) {
    const upstream = connect({ ...target, noDelay: true });
    track(upstream);
    upstream.write(head);
    client.pipe(upstream);
    upstream.pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      socket.once('close', () => other.destroy());
  }

  function track(socket: Socket) {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  }

  return {
    listen: (port: number) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function isRefused(head: string) {
  const [request = '', ...lines] = head.split('\r\n');
  if (!request.startsWith('POST ')) return true;
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return (
    Object.keys(headers).some((name) => name.startsWith('sec-fetch-')) || refusalOf(headers) !== undefined
  );
}

const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

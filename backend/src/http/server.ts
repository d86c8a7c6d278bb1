import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ErrorCode, statusOf } from '@parley/contract/errors';
import type { Express } from 'express';

/** How long requests in flight may take once the process is asked to stop. */
const drainTimeoutMs = 10_000;

const timeouts = {
  /** From the first byte to the end of the headers, and to the end of the body. */
  headersTimeout: 5_000,
  requestTimeout: 8_000,
  /** Node looks for late ones every 30 s by default. */
  connectionsCheckingInterval: 500,
};
/** A connection is closed whose reader takes nothing of an answer for so long. */
const stallTimeoutMs = 20_000;

export type HttpServer = ReturnType<typeof createHttpServer>;

export function createHttpServer(app: Express, keepAliveTimeout = 5_000, stallMs = stallTimeoutMs) {
  const server = createServer({ ...timeouts, keepAliveTimeout }, app);
  server.setTimeout(stallMs);
  server.on('clientError', refuseRequest);
  // Connections on which no request has come yet: Node does not count them as idle.
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  server.on('request', closeWithConnection());
  server.on('request', (_req, res) => res.on('timeout', (socket) => outwait(socket, stallMs)));
  server.on('upgrade', ({ socket }) => unused.delete(socket));

  function closeIdle() {
    server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
  }

  return {
    /** Open connections, upgraded ones included. */
    connections: () =>
      new Promise<number>((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    listen: (port: number, host: string) => listen(server, port, host),
    /** Who takes a request to speak another protocol, and with it the socket. */
    onUpgrade: (upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void) =>
      server.on('upgrade', upgrade),
    /** Finishes what is in flight, and waits for nobody else. */
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      closeIdle();
      // A connection that is busy now is idle later.
      const sweep = setInterval(closeIdle, 50);
      const force = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(force);
    },
  };
}

/** Where nothing waits for the reader it is we who are silent: a long search, or an export that finds nothing for a while. */
function outwait(socket: Socket, stallMs: number) {
  if (socket.writableLength > 0) socket.destroy();
  else socket.setTimeout(stallMs);
}

/**
 * Requests may be sent ahead on one connection. When it closes, Node tells so the answer that was being written; those
 * that waited behind it would never hear, and hold what they took for good.
 */
function closeWithConnection() {
  const open = new WeakMap<Socket, Set<ServerResponse>>();
  return ({ socket }: IncomingMessage, res: ServerResponse) => {
    const answers = open.get(socket) ?? new Set();
    if (!open.has(socket)) {
      open.set(socket, answers);
      socket.once('close', () => {
        for (const answer of answers) if (!answer.socket) answer.destroy().emit('close');
      });
    }
    answers.add(res);
    res.once('close', () => answers.delete(res));
  };
}

const parserCodes: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** What the parser of Node refuses never reaches the app: it is answered here, in the same form. */
function refuseRequest(error: NodeJS.ErrnoException, socket: Socket) {
  if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy();
  const code = parserCodes[error.code ?? ''] ?? 'request_invalid';
  const status = statusOf(code);
  const body = JSON.stringify([code]);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
}

/** Resolves to the address. */
function listen(server: Server, port: number, host: string) {
  return new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(urlOf(server));
    });
  });
}

export function urlOf(server: Server) {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

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

/** How long requests in flight may take after the process was asked to stop. */
const drainTimeoutMs = 10_000;

const timeouts = {
  /** From the first byte to the end of the headers, and to the end of the body. */
  headersTimeout: 5_000,
  requestTimeout: 8_000,
  /** Node enforces both timeouts only every 30 s by default. */
  connectionsCheckingInterval: 500,
};
/** A connection is closed if its client reads nothing of an answer for this long. */
const stallTimeoutMs = 20_000;

export type HttpServer = ReturnType<typeof createHttpServer>;

export function createHttpServer(app: Express, keepAliveTimeout = 5_000, stallMs = stallTimeoutMs) {
  const server = createServer({ ...timeouts, keepAliveTimeout }, app);
  server.setTimeout(stallMs);
  server.on('clientError', refuseRequest);
  // Connections without a request so far. Node does not count them as idle.
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  server.on('request', closeQueuedAnswers());
  server.on('request', (_req, res) => res.on('timeout', (socket) => closeIfStalled(socket, stallMs)));
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
    /** Sets the handler of upgrade requests, which owns the socket from then on. */
    onUpgrade: (upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void) =>
      server.on('upgrade', upgrade),
    /** Finishes the requests in flight and closes idle connections at once. */
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      closeIdle();
      // Busy connections become idle while the server closes.
      const sweep = setInterval(closeIdle, 50);
      const force = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(force);
    },
  };
}

/**
 * If nothing waits to be written, the client is not slow: the handler is still at work, for example on a long search.
 */
function closeIfStalled(socket: Socket, stallMs: number) {
  if (socket.writableLength > 0) socket.destroy();
  else socket.setTimeout(stallMs);
}

/**
 * A client may pipeline requests on one connection. When it closes, Node emits `close` only on the answer being
 * written; this emits it on the queued answers too, which would otherwise never free their places.
 */
function closeQueuedAnswers() {
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

/** A request that Node's parser refuses never reaches the app, so it is answered here in the same form. */
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

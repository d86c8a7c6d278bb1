import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Config } from '@parley/config/config';
import type { ErrorCode } from '@parley/core/errors';
import type { Express } from 'express';
import { createApp } from './app.ts';
import { createContext } from './context.ts';
import { statusOf } from './http-errors.ts';
import type { Logger } from './logger.ts';

/** How long requests in flight may take once the process is asked to stop. */
const drainTimeoutMs = 10_000;

/** Starts the API. `stop` refuses new connections, finishes requests in flight, and closes what was opened. */
export async function start(config: Config, logger: Logger) {
  const ctx = createContext(config, logger);
  const server = createHttpServer(createApp(ctx));
  try {
    await listen(server, config.PORT, config.HOST);
  } catch (error) {
    await ctx.close();
    throw error;
  }
  ctx.readiness.serve();
  return {
    url: urlOf(server),
    async stop() {
      ctx.readiness.drain();
      await closeServer(server);
      await ctx.close();
    },
  };
}

export function createHttpServer(app: Express): Server {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000 }, app);
  server.on('clientError', refuseRequest);
  return server;
}

/** What the parser of Node refuses never reaches the app: it is answered here, in the same form. */
function refuseRequest(error: NodeJS.ErrnoException, socket: Socket) {
  if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy();
  const code: ErrorCode = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'request_invalid';
  const body = JSON.stringify([code]);
  socket.end(
    [
      `HTTP/1.1 ${statusOf(code)} Bad Request`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
}

function listen(server: Server, port: number, host: string) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export function urlOf(server: Server) {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

export async function closeServer(server: Server) {
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that was busy when the server closed is idle later.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}

import { createServer, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { answerStart, createConnection, type PgConnection } from './pglite-connection.ts';
import { createIdleWatch } from './pglite-idle.ts';
import { startMessage } from './pglite-protocol.ts';
import { ask, createTurns, runTurns } from './pglite-turns.ts';

/** A silent connection that keeps the session is ended after this time if others wait for it. */
const idleLimitMsDefault = 3_000;

/**
 * Serves the one session of PGlite to many connections of the Postgres wire protocol.
 * 1. The bytes of a connection are cut into messages, which reach the session in the order in which they came.
 * 2. A connection owns the session from its first message until Postgres is idle again: after Sync or a simple query,
 *    and outside a transaction. No message of another connection comes in between, because all share the unnamed
 *    statement.
 * 3. A connection's changes to the session affect only itself. When another connection has its turn, settings, role and
 *    prepared statements are saved and the session is reset. They are restored with the connection's next turn.
 *    Temporary tables and advisory locks cannot be saved, and keep the session like a transaction.
 * 4. An owner that disconnects, or stays silent while others wait, is rolled back, and the session is reset.
 */
export async function createPgliteServer(db: PGlite, { idleLimitMs = idleLimitMsDefault } = {}) {
  const connections = new Set<PgConnection>();
  const idle = createIdleWatch(idleLimitMs, wake);
  const turns = createTurns(db, idle);
  const greeting = await ask(db, startMessage({ user: 'postgres', database: 'postgres' }));
  let isRunning = false;
  let onFailure: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => {
    onFailure = reject;
  });
  failed.catch(() => {});

  const server = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    const connection = createConnection(socket);
    connections.add(connection);
    socket.on('data', (data) => {
      connection.input = connection.input.length > 0 ? Buffer.concat([connection.input, data]) : data;
      answerStart(connection, greeting);
      if (connection.input.length === 0 || !connection.hasStarted) return;
      turns.waiting.add(connection);
      wake();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      connection.isGone = true;
      connections.delete(connection);
      turns.needsReset = true;
      wake();
    });
  });

  function wake() {
    if (isRunning) return;
    isRunning = true;
    runTurns(turns)
      .catch(onFailure)
      .finally(() => {
        isRunning = false;
      });
  }

  return {
    failed,
    listen: (port: number) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      }),
    close: () =>
      new Promise<void>((resolve) => {
        idle.stop();
        server.close(() => resolve());
        for (const { socket } of connections) socket.destroy();
      }),
  };
}

import { createServer, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';

/**
 * Serves the one session of PGlite to many connections of the Postgres wire protocol.
 * 1. What a connection sends is cut into messages; they reach the session in the order they came.
 * 2. A connection owns the session from its first message until Postgres is idle again, after Sync or a simple query
 *    and outside a transaction. Nobody else's message comes in between: all share the unnamed statement.
 * 3. Where the owner goes away before that, its exchange is synced and rolled back.
 */
export function createPgliteServer(db: PGlite) {
  const connections = new Set<Connection>();
  const waiting = new Set<Connection>();
  let owner: Connection | undefined;
  let isRunning = false;
  let onFailure: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => {
    onFailure = reject;
  });
  failed.catch(() => {});

  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const connection: Connection = { socket, input: Buffer.alloc(0), hasStarted: false, isGone: false };
    connections.add(connection);
    socket.on('data', (data) => {
      connection.input = Buffer.concat([connection.input, data]);
      waiting.add(connection);
      wake();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      connection.isGone = true;
      connections.delete(connection);
      waiting.delete(connection);
      wake();
    });
  });

  function wake() {
    if (isRunning) return;
    isRunning = true;
    run()
      .catch(onFailure)
      .finally(() => {
        isRunning = false;
      });
  }

  async function run() {
    while (true) {
      if (owner?.isGone) {
        await abandon();
        owner = undefined;
      }
      const [connection] = owner ? [owner] : waiting;
      if (!connection) return;
      const batch = takeMessages(connection);
      // Behind the others: a connection that keeps sending does not keep them waiting.
      waiting.delete(connection);
      if (!batch) {
        if (owner) return;
        continue;
      }
      if (connection.input.length > 0) waiting.add(connection);
      owner = connection;
      await db.runExclusive(() =>
        db.execProtocolRawStream(batch.bytes, { onRawData: (data) => answer(connection, data) }),
      );
      if (batch.isComplete && !db.isInTransaction()) owner = undefined;
    }
  }

  async function abandon() {
    await db.runExclusive(() => db.execProtocolRawStream(message('S'), { onRawData: () => {} }));
    if (db.isInTransaction()) await db.exec('ROLLBACK');
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
        server.close(() => resolve());
        for (const { socket } of connections) socket.destroy();
      }),
  };
}

type Connection = { socket: Socket; input: Buffer; hasStarted: boolean; isGone: boolean };

/** `isComplete`: the last message is one after which Postgres says that it is ready. */
type Batch = { bytes: Uint8Array; isComplete: boolean };

const sslRequest = 80877103;
const gssRequest = 80877104;
const cancelRequest = 80877102;

/** The messages that have arrived whole, up to the end of an exchange. */
function takeMessages(connection: Connection): Batch | undefined {
  const { input, socket } = connection;
  if (!connection.hasStarted) return takeStart(connection);
  let end = 0;
  let isComplete = false;
  while (!isComplete && input.length >= end + 5) {
    const type = String.fromCharCode(input[end] ?? 0);
    const next = end + 1 + input.readInt32BE(end + 1);
    if (input.length < next) break;
    if (type === 'X') {
      socket.end();
      break;
    }
    if (type === 'Q' && copyFromClient.test(input.toString('utf8', end + 5, next))) {
      if (end > 0) break;
      connection.input = input.subarray(next);
      answer(connection, copyRefusal);
      return takeMessages(connection);
    }
    isComplete = type === 'S' || type === 'Q' || type === 'F';
    end = next;
  }
  if (end === 0) return undefined;
  connection.input = input.subarray(end);
  return { bytes: new Uint8Array(input.subarray(0, end)), isComplete };
}

function takeStart(connection: Connection): Batch | undefined {
  const { input, socket } = connection;
  if (input.length < 8) return undefined;
  const length = input.readInt32BE(0);
  if (input.length < length) return undefined;
  connection.input = input.subarray(length);
  const code = input.readInt32BE(4);
  if (code === cancelRequest) {
    socket.end();
    return undefined;
  }
  if (code === sslRequest || code === gssRequest) {
    socket.write('N');
    return takeStart(connection);
  }
  connection.hasStarted = true;
  return { bytes: new Uint8Array(input.subarray(0, length)), isComplete: true };
}

function answer({ socket }: Connection, data: Uint8Array) {
  if (data.length > 0 && socket.writable) socket.write(Buffer.from(data));
}

/** Reads the client's data in the middle of a message, which ends this Postgres. */
const copyFromClient = /^\s*copy\b[^;]*\bfrom\s+stdin\b/i;
const copyRefusal = Buffer.concat([
  message('E', 'SERROR\0VERROR\0C0A000\0MThe embedded Postgres has no COPY FROM STDIN\0\0'),
  message('Z', 'I'),
]);

function message(type: string, body = '') {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

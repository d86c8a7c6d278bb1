import { createServer, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import {
  type Batch,
  createConnection,
  type PgConnection,
  readNext,
  takeBatch,
  takeStart,
} from './pglite-connection.ts';
import { errorMessage, startMessage, sync } from './pglite-protocol.ts';
import { resetSession, restoreSession, type SessionState, takeSnapshot } from './pglite-session.ts';

/** A connection that keeps the session and says nothing is ended after this long, where others wait for it. */
const idleLimitMsDefault = 3_000;

/**
 * Serves the one session of PGlite to many connections of the Postgres wire protocol.
 * 1. What a connection sends is cut into messages; they reach the session in the order they came.
 * 2. A connection owns the session from its first message until Postgres is idle again, after Sync or a simple query
 *    and outside a transaction. Nobody else's message comes in between: all share the unnamed statement.
 * 3. A connection whose statements may alter the session has it altered for itself alone: when another one's turn
 *    comes, its settings, role and prepared statements are put aside and the session is reset; they come back with its
 *    next turn. What cannot be put aside (temporary tables, advisory locks) is held like a transaction.
 * 4. An owner that goes away, or says nothing while others wait, is rolled back, and the session is reset.
 */
export async function createPgliteServer(db: PGlite, { idleLimitMs = idleLimitMsDefault } = {}) {
  const connections = new Set<PgConnection>();
  const waiting = new Set<PgConnection>();
  const greeting = await ask(startMessage({ user: 'postgres', database: 'postgres' }));
  /** Inside a transaction or an exchange. */
  let owner: PgConnection | undefined;
  /** Whose state the session has, where it is not that of a new one. */
  let loaded: PgConnection | undefined;
  /** Whose Parse the unnamed statement comes from. */
  let unnamedOf: PgConnection | undefined;
  /** Found to hold what cannot be put aside, when another one last wanted its turn. */
  let holder: PgConnection | undefined;
  let idle: { holder: PgConnection; timer: NodeJS.Timeout } | undefined;
  let needsReset = false;
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
      takeStart(connection, greeting);
      if (connection.input.length === 0 || !connection.hasStarted) return;
      waiting.add(connection);
      wake();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      connection.isGone = true;
      connections.delete(connection);
      needsReset = true;
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
      await dropGone();
      const connection = owner ?? nextWaiting();
      if (!connection) return;
      const turn = owner ? 'taken' : await takeTurn(connection);
      if (turn === 'later') return;
      if (turn === 'again') continue;
      const { unnamed } = connection;
      const batch = takeBatch(connection);
      // Behind the others: a connection that keeps sending does not keep them waiting.
      waiting.delete(connection);
      if (batch) await answer(connection, batch, unnamed);
      else if (owner && !owner.isGone) return watchIdle(owner, 'an open transaction');
    }
  }

  function nextWaiting() {
    // Nobody else can go on before the holder has.
    for (const connection of holder && waiting.has(holder) ? [holder, ...waiting] : waiting) {
      if (readNext(connection, 0)) return connection;
      waiting.delete(connection);
    }
    return undefined;
  }

  /** `unnamed` is the Parse of the connection's unnamed statement before this batch. */
  async function answer(connection: PgConnection, batch: Batch, unnamed: Buffer | undefined) {
    if (connection === idle?.holder) stopIdle();
    holder = undefined;
    if (connection.input.length > 0) waiting.add(connection);
    if (batch.mayAlter) loaded = connection;
    if (batch.unnamed === 'used' && unnamedOf !== connection && unnamed) await ask(unnamed);
    if (batch.unnamed) unnamedOf = connection;
    if (batch.dropsUnnamed) unnamedOf = undefined;
    owner = connection;
    await db.runExclusive(() =>
      db.execProtocolRawStream(batch.bytes, { onRawData: (data) => connection.answer(data) }),
    );
    if (batch.isComplete && !db.isInTransaction()) owner = undefined;
  }

  /** `later`: another one holds what cannot be put aside, and has nothing to say. `again`: somebody was sent away. */
  async function takeTurn(connection: PgConnection): Promise<'taken' | 'later' | 'again'> {
    if (loaded === connection) return 'taken';
    if (loaded) {
      const held = await putAside(loaded);
      if (held) {
        holder = loaded;
        if (waiting.has(holder)) return 'again';
        watchIdle(holder, held);
        return 'later';
      }
    }
    if (!connection.state) return 'taken';
    return (await bringBack(connection, connection.state)) ? 'taken' : 'again';
  }

  /** Returns what keeps the session from being put aside. */
  async function putAside(connection: PgConnection): Promise<string | undefined> {
    unnamedOf = undefined;
    try {
      const { state, held } = await takeSnapshot(db, [...connection.custom]);
      if (held) return held;
      connection.state = state;
    } catch (error) {
      connection.end(errorMessage('FATAL', '57P01', `The session cannot be put aside: ${String(error)}`));
    }
    await reset();
    return undefined;
  }

  async function bringBack(connection: PgConnection, state: SessionState): Promise<boolean> {
    loaded = connection;
    unnamedOf = undefined;
    try {
      await restoreSession(db, state);
      return true;
    } catch (error) {
      connection.end(errorMessage('FATAL', '57P01', `The session cannot be brought back: ${String(error)}`));
      return false;
    }
  }

  async function reset() {
    loaded = undefined;
    holder = undefined;
    unnamedOf = undefined;
    needsReset = false;
    await resetSession(db);
  }

  async function dropGone() {
    if (idle?.holder.isGone) stopIdle();
    if (owner?.isGone) {
      await ask(sync);
      if (db.isInTransaction()) await db.exec('ROLLBACK');
      unnamedOf = undefined;
      owner = undefined;
    }
    for (const connection of waiting) if (connection.isGone) waiting.delete(connection);
    // Also after one that seemed to alter nothing: a function can hide what it sets.
    const isOrphaned = loaded ? loaded.isGone : needsReset;
    if (!owner && isOrphaned) await reset();
  }

  function watchIdle(connection: PgConnection, held: string) {
    if (idle?.holder === connection || waiting.size === 0) return;
    stopIdle();
    const timer = setTimeout(() => {
      const text = `the embedded Postgres has one session, and others wait for that of a silent connection with ${held}`;
      connection.end(errorMessage('FATAL', '25P03', text));
      wake();
    }, idleLimitMs);
    idle = { holder: connection, timer };
  }

  function stopIdle() {
    clearTimeout(idle?.timer);
    idle = undefined;
  }

  async function ask(bytes: Uint8Array): Promise<Buffer> {
    const answers: Uint8Array[] = [];
    await db.runExclusive(() =>
      db.execProtocolRawStream(new Uint8Array(bytes), { onRawData: (data) => answers.push(data.slice()) }),
    );
    return Buffer.concat(answers);
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
        stopIdle();
        server.close(() => resolve());
        for (const { socket } of connections) socket.destroy();
      }),
  };
}

import type { PGlite } from '@electric-sql/pglite';
import { type Batch, type PgConnection, readNext, takeBatch } from './pglite-connection.ts';
import type { IdleWatch } from './pglite-idle.ts';
import { errorMessage, sync } from './pglite-protocol.ts';
import { resetSession, restoreSession, type SessionState, takeSnapshot } from './pglite-session.ts';

/** The one session of PGlite, and the connections that wait for it. */
export type Turns = {
  db: PGlite;
  idle: IdleWatch;
  waiting: Set<PgConnection>;
  /** The connection inside a transaction or an exchange. */
  owner: PgConnection | undefined;
  /** The connection whose state the session has, if it differs from a new session's. */
  loaded: PgConnection | undefined;
  /** The connection whose Parse made the unnamed statement. */
  unnamedOf: PgConnection | undefined;
  /** The connection whose session could not be saved when another one last wanted its turn. */
  holder: PgConnection | undefined;
  needsReset: boolean;
};

export const createTurns = (db: PGlite, idle: IdleWatch): Turns => ({
  db,
  idle,
  waiting: new Set(),
  owner: undefined,
  loaded: undefined,
  unnamedOf: undefined,
  holder: undefined,
  needsReset: false,
});

/** Gives turns to connections until none can continue. */
export async function runTurns(turns: Turns) {
  while (true) {
    await dropGone(turns);
    const connection = turns.owner ?? nextWaiting(turns);
    if (!connection) return;
    const turn = turns.owner ? 'taken' : await takeTurn(turns, connection);
    if (turn === 'later') return;
    if (turn === 'again') continue;
    const { unnamed } = connection;
    const batch = takeBatch(connection);
    // The connection rejoins at the end of the queue, so that one that keeps sending does not block the others.
    turns.waiting.delete(connection);
    if (batch) await answer(turns, connection, batch, unnamed);
    else if (turns.owner && !turns.owner.isGone) return watchIdle(turns, turns.owner, 'an open transaction');
  }
}

function nextWaiting({ holder, waiting }: Turns) {
  // The holder goes first, because no other connection can continue before it.
  for (const connection of holder && waiting.has(holder) ? [holder, ...waiting] : waiting) {
    if (readNext(connection, 0)) return connection;
    waiting.delete(connection);
  }
  return undefined;
}

/** `unnamed` is the Parse of the connection's unnamed statement before this batch. */
async function answer(turns: Turns, connection: PgConnection, batch: Batch, unnamed: Buffer | undefined) {
  const { db, idle, waiting } = turns;
  if (idle.isWatching(connection)) idle.stop();
  turns.holder = undefined;
  if (connection.input.length > 0) waiting.add(connection);
  if (batch.mayAlter) turns.loaded = connection;
  if (batch.unnamed === 'used' && turns.unnamedOf !== connection && unnamed) await ask(db, unnamed);
  if (batch.unnamed) turns.unnamedOf = connection;
  if (batch.dropsUnnamed) turns.unnamedOf = undefined;
  turns.owner = connection;
  await db.runExclusive(() =>
    db.execProtocolRawStream(batch.bytes, { onRawData: (data) => connection.answer(data) }),
  );
  if (batch.isComplete && !db.isInTransaction()) turns.owner = undefined;
}

/**
 * `later`: a silent connection has state that cannot be saved. `again`: a connection was ended, or the holder goes
 * first.
 */
async function takeTurn(turns: Turns, connection: PgConnection): Promise<'taken' | 'later' | 'again'> {
  const { loaded, waiting } = turns;
  if (loaded === connection) return 'taken';
  if (loaded) {
    const held = await saveState(turns, loaded);
    if (held) {
      turns.holder = loaded;
      if (waiting.has(loaded)) return 'again';
      watchIdle(turns, loaded, held);
      return 'later';
    }
  }
  if (!connection.state) return 'taken';
  return (await restoreState(turns, connection, connection.state)) ? 'taken' : 'again';
}

/** Saves a connection's state and resets the session. Returns what cannot be saved, if anything. */
async function saveState(turns: Turns, connection: PgConnection): Promise<string | undefined> {
  turns.unnamedOf = undefined;
  try {
    const { state, held } = await takeSnapshot(turns.db, [...connection.custom]);
    if (held) return held;
    connection.state = state;
  } catch (error) {
    connection.end(errorMessage('FATAL', '57P01', `The session cannot be saved: ${String(error)}`));
  }
  await reset(turns);
  return undefined;
}

async function restoreState(turns: Turns, connection: PgConnection, state: SessionState): Promise<boolean> {
  turns.loaded = connection;
  turns.unnamedOf = undefined;
  try {
    await restoreSession(turns.db, state);
    return true;
  } catch (error) {
    connection.end(errorMessage('FATAL', '57P01', `The session cannot be restored: ${String(error)}`));
    return false;
  }
}

async function reset(turns: Turns) {
  turns.loaded = undefined;
  turns.holder = undefined;
  turns.unnamedOf = undefined;
  turns.needsReset = false;
  await resetSession(turns.db);
}

async function dropGone(turns: Turns) {
  const { db, idle, owner, waiting } = turns;
  if (idle.isGone()) idle.stop();
  if (owner?.isGone) {
    await ask(db, sync);
    if (db.isInTransaction()) await db.exec('ROLLBACK');
    turns.unnamedOf = undefined;
    turns.owner = undefined;
  }
  for (const connection of waiting) if (connection.isGone) waiting.delete(connection);
  // Always resets, because a function may change the session without a statement that shows it.
  const isOrphaned = turns.loaded ? turns.loaded.isGone : turns.needsReset;
  if (!turns.owner && isOrphaned) await reset(turns);
}

function watchIdle({ idle, waiting }: Turns, connection: PgConnection, held: string) {
  if (waiting.size > 0) idle.watch(connection, held);
}

/** Sends protocol messages to the session and returns its answers. */
export async function ask(db: PGlite, bytes: Uint8Array): Promise<Buffer> {
  const answers: Uint8Array[] = [];
  await db.runExclusive(() =>
    db.execProtocolRawStream(new Uint8Array(bytes), { onRawData: (data) => answers.push(data.slice()) }),
  );
  return Buffer.concat(answers);
}

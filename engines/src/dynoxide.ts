import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { dynoxideBinary } from './dynoxide-binary.ts';
import { createLoopbackGuard, type Door } from './loopback-guard.ts';
import { startNativeServer } from './native-server.ts';

const streamRetentionMs = 24 * 3_600_000;
const pruneIntervalMs = 3_600_000;
/** Rows deleted under one write lock. The server waits for the lock. */
const pruneChunk = 500;
const prunePauseMs = 10;

export type DynoxideOptions = {
  /** With a `door` a guard listens on this port and refuses web pages. Without one the server itself listens here. */
  port: number;
  /** The address of the server behind the guard. */
  door?: Door | undefined;
  dbPath: string;
  /** Holds the server's pid, so that the next start can end a server that outlived us. */
  pidFile?: string;
};

/** Runs the DynamoDB API on a file, not in memory, because the index below needs a second connection. */
export async function startDynoxide(
  { port, door, dbPath, pidFile = `${dbPath}.pid` }: DynoxideOptions,
  log: (line: string) => void = () => {},
) {
  const { host, port: own } = door ?? { host: '127.0.0.1', port };
  const guard = door && createLoopbackGuard(door);
  mkdirSync(dirname(dbPath), { recursive: true });
  const args = ['--host', host, '--port', String(own), '--db-path', dbPath];
  const server = await startNativeServer(
    { name: 'dynoxide', command: dynoxideBinary(), args, pidFile, host, port: own },
    log,
  );
  const prune = () => pruneStream(dbPath).catch((error) => console.error('Stream not pruned:', error));
  const pruning = setInterval(prune, pruneIntervalMs).unref();
  const stop = async () => {
    clearInterval(pruning);
    await guard?.close();
    await server.stop();
  };
  try {
    await guard?.listen(port);
    indexStream(dbPath);
    void prune();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://${host}:${own}`, failed: server.failed, stop };
}

/**
 * The server computes a table's next sequence number as MAX(CAST(sequence_number AS INTEGER)). Without an index on
 * exactly this expression every write scans the stream. DescribeStream reads the least and the greatest number of a
 * shard, which the second index answers without reading the records.
 */
export function indexStream(dbPath: string) {
  withDatabase(dbPath, (db) =>
    db.exec(`
      CREATE INDEX IF NOT EXISTS parley_stream_sequence
        ON _stream_records(table_name, CAST(sequence_number AS INTEGER));
      CREATE INDEX IF NOT EXISTS parley_stream_shard
        ON _stream_records(table_name, shard_id, sequence_number);`),
  );
}

/**
 * Drops stream records older than 24 h, which the server never does. The newest of each table stays, because the server
 * continues its number.
 */
export async function pruneStream(dbPath: string, now = Date.now()) {
  const horizon = Math.floor((now - streamRetentionMs) / 1000);
  const { end, newest } = withDatabase(dbPath, (db) => ({
    end: ids(db, `SELECT id FROM _stream_records WHERE created_at >= ${horizon} ORDER BY id LIMIT 1`)[0],
    newest: ids(db, 'SELECT MAX(id) AS id FROM _stream_records GROUP BY table_name'),
  }));
  const chunk = `
    DELETE FROM _stream_records WHERE id IN (
      SELECT id FROM _stream_records WHERE id < ${end ?? Number.MAX_SAFE_INTEGER} AND id NOT IN (${newest})
      ORDER BY id LIMIT ${pruneChunk}
    ) RETURNING id`;
  let pruned = 0;
  while (true) {
    const count = withDatabase(dbPath, (db) => ids(db, chunk).length);
    pruned += count;
    if (count < pruneChunk) return pruned;
    await sleep(prunePauseMs);
  }
}

function ids(db: Database.Database, sql: string) {
  return (db.prepare(sql).all() as { id: number }[]).map(({ id }) => id);
}

/**
 * Opens a connection for each task. Tasks use only `all` and `exec`, because `get` and `run` of libsql leave their
 * statement open, which keeps the server from reusing its write-ahead log.
 */
function withDatabase<Result>(dbPath: string, task: (db: Database.Database) => Result) {
  const db = new Database(dbPath, { timeout: 5_000 } as Database.Options);
  try {
    return task(db);
  } finally {
    db.close();
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { ensureTable, messageTable } from '@parley/core/table/definition';
import getPort from 'get-port';
import Database from 'libsql';
import { pruneStream, startDynoxide } from './dynoxide.ts';
import type { Engine } from './launch.ts';
import { isRunning, readPidFile } from './processes.ts';

const dayMs = 86_400_000;

let dir: string;
let dbPath: string;
let engine: Engine;
let table: Table;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-dynoxide-'));
  dbPath = join(dir, 'dynoxide.db');
  engine = await startDynoxide({ port: await getPort(), dbPath });
  table = createTable({ region: 'us-east-1', endpoint: engine.url, name: 'messages', runnerName: 'runner' });
  await Promise.all(['messages', 'others'].map((name) => ensureTable(table.doc, messageTable(name))));
});
afterAll(async () => {
  closeTable(table);
  await engine.stop();
  rmSync(dir, { recursive: true });
});

const put = (TableName: string, sk: string) =>
  table.doc.send(new PutCommand({ TableName, Item: { pk: 'log', sk } }));

function query<Row>(sql: string) {
  const db = new Database(dbPath);
  const rows = db.prepare(sql).all() as Row[];
  db.close();
  return rows;
}

const numbers = (name: string) =>
  query<{ number: string }>(
    `SELECT sequence_number AS number FROM _stream_records WHERE table_name = '${name}' ORDER BY id`,
  ).map(({ number }) => Number(number));

describe('the stream of dynoxide', () => {
  it('finds its next number with the index', () => {
    const [plan] = query<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1
       FROM _stream_records WHERE table_name = 'messages'`,
    );
    expect(plan?.detail).toContain('USING INDEX parley_stream_sequence (table_name=?)');
  });

  it('is described without reading the records', () => {
    const [plan] = query<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT MIN(sequence_number), MAX(sequence_number)
       FROM _stream_records WHERE table_name = 'messages' AND shard_id = 'any'`,
    );
    expect(plan?.detail).toContain('USING COVERING INDEX parley_stream_shard (table_name=? AND shard_id=?)');
  });

  it('loses records older than a day, but never the newest of a table, so that numbers continue', async () => {
    for (const sk of ['1', '2', '3']) await put('messages', sk);
    await put('others', '1');
    expect(await pruneStream(dbPath)).toBe(0);
    expect(await pruneStream(dbPath, Date.now() + 2 * dayMs)).toBe(2);
    expect([numbers('messages'), numbers('others')]).toEqual([[3], [1]]);
    await put('messages', '4');
    expect(numbers('messages')).toEqual([3, 4]);
  });

  it('can be pruned while it is written', async () => {
    let isPruning = true;
    const writing = (async () => {
      for (let sk = 10; isPruning; sk++) await put('messages', String(sk));
    })();
    for (let round = 0; round < 10; round++) await pruneStream(dbPath, Date.now() + 2 * dayMs);
    isPruning = false;
    await writing;
    const left = numbers('messages');
    expect(left).toEqual(left.map((_, index) => (left[0] ?? 0) + index));
  });
});

describe('dynoxide', () => {
  it('is ended by the next start if it outlived its parent, and keeps its data', async () => {
    const path = join(dir, 'orphan.db');
    await startDynoxide({ port: await getPort(), dbPath: path });
    const identity = readPidFile(`${path}.pid`);
    if (!identity) throw new Error('no pid file');
    const next = await startDynoxide({ port: await getPort(), dbPath: path });
    expect(isRunning(identity)).toBe(false);
    await next.stop();
    expect(readPidFile(`${path}.pid`)).toBeNull();
  });

  it('gives the reason if it does not start', async () => {
    const port = Number(new URL(engine.url).port);
    await expect(startDynoxide({ port, dbPath: join(dir, 'second.db') })).rejects.toThrow(
      `dynoxide cannot start: port ${port} is already in use.`,
    );
  });
});

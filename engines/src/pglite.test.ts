import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import pg from 'pg';
import { launch } from './launch.ts';
import { makePgliteTemplate } from './pglite-template.ts';

let folder: string;
let pool: pg.Pool;
let engine: { url: string; stop(): Promise<void> };
const dir = () => join(folder, 'pglite');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-pglite-'));
  // A database whose creation was interrupted.
  mkdirSync(dir());
  writeFileSync(join(dir(), 'PG_VERSION'), '18');
  await open();
  await pool.query('CREATE TABLE notes (id int primary key, text text)');
});
afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

async function open() {
  engine = await launch('pglite', {
    port: await getPort(),
    dir: dir(),
    template: await makePgliteTemplate(),
  });
  pool = new pg.Pool({ connectionString: engine.url, max: 8 });
}

async function close() {
  await pool.end();
  await engine.stop();
}

const count = async (id: number) => (await pool.query('SELECT FROM notes WHERE id = $1', [id])).rowCount;

describe('the embedded Postgres', () => {
  it('answers each of many connections its own query', async () => {
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const { rows } =
          index % 2 === 0
            ? await pool.query('SELECT $1::int AS number', [index])
            : await pool.query('SELECT $1::text AS text, $2::int AS number', ['x', index]);
        expect(rows).toEqual([expect.objectContaining({ number: index })]);
      }),
    );
  });

  it("keeps connections out of each other's transactions", async () => {
    const client = await pool.connect();
    await client.query('BEGIN');
    const stranger = pool.query('INSERT INTO notes VALUES (1)');
    await client.query('SELECT pg_sleep(0.05)');
    await client.query('ROLLBACK');
    client.release();
    await stranger;
    expect(await count(1)).toBe(1);
  });

  it('rolls back the open transaction of a broken connection', async () => {
    const client = new pg.Client({ connectionString: engine.url });
    client.on('error', () => {});
    await client.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO notes VALUES (2)');
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await count(2)).toBe(0);
  });

  it('continues after a refused statement', async () => {
    await expect(pool.query('SELECT $1::int FROM nowhere', [1])).rejects.toThrow('nowhere');
    await expect(pool.query('COPY notes FROM STDIN')).rejects.toThrow('has no COPY FROM STDIN');
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('keeps its data over a restart', async () => {
    await pool.query("INSERT INTO notes VALUES (3, 'kept')");
    await close();
    await open();
    expect((await pool.query('SELECT text FROM notes WHERE id = 3')).rows).toEqual([{ text: 'kept' }]);
  });
});

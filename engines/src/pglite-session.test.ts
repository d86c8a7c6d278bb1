import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import pg from 'pg';
import { launch } from './launch.ts';
import { message, parseMessage, readyForQuery, startMessage, sync } from './pglite-protocol.ts';
import { makePgliteTemplate } from './pglite-template.ts';

/* The one session of PGlite, as each of its connections sees it. */

let engine: { url: string; stop(): Promise<void> };
let pool: pg.Pool;
const clients: pg.Client[] = [];
const idleLimitMs = 400;

beforeAll(async () => {
  engine = await launch('pglite', {
    port: await getPort(),
    template: await makePgliteTemplate(),
    idleLimitMs,
  });
  pool = new pg.Pool({ connectionString: engine.url, max: 4, application_name: 'parley' });
  await pool.query(
    'CREATE TABLE people (name text); CREATE SCHEMA attic; CREATE TABLE attic.people (name text)',
  );
  await pool.query("INSERT INTO people VALUES ('ada'); INSERT INTO attic.people VALUES ('old')");
  await pool.query('CREATE ROLE reader');
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
});
afterAll(async () => {
  await pool.end();
  await engine.stop();
});

async function open(options = '') {
  const client = new pg.Client({ connectionString: engine.url, ...(options && { options }) });
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}

const vanish = (client: pg.Client) =>
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();

const value = async (client: pg.Client | pg.Pool, sql: string, values?: unknown[]) =>
  Object.values((await client.query(sql, values)).rows[0] ?? {})[0];

const parse = (name: string, statement: string) => parseMessage(name, statement, []);
const describeUnnamed = message('D', 'S\0');
const bindUnnamed = message('B', Buffer.alloc(8));
const execute = message('E', Buffer.alloc(5));

/** A client that decides itself when its exchanges end. */
async function connectRaw() {
  const socket = connect(Number(new URL(engine.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (data) => {
    text += data;
  });
  /** Resolves with all answers until Postgres is ready again. */
  async function exchange(...messages: Buffer[]) {
    text = '';
    socket.write(Buffer.concat(messages));
    while (text.slice(-6, -1) !== readyForQuery.toString('latin1', 0, 5)) await sleep(5);
    return text;
  }
  await exchange(startMessage({ user: 'postgres', database: 'postgres' }));
  return { exchange, close: () => socket.destroy() };
}

/** Like a request of the API: a query that needs the default search path. */
const request = () => value(pool, 'SELECT name FROM people WHERE name = $1', ['ada']);

const alterations: [statement: string, question: string, own: unknown, others: unknown][] = [
  ["SET search_path = ''", 'SHOW search_path', '""', 'public'],
  ["SELECT pg_catalog.set_config('search_path', 'attic', false)", 'SELECT name FROM people', 'old', 'ada'],
  ["SET timezone = 'Asia/Tokyo'", 'SHOW timezone', 'Asia/Tokyo', expect.not.stringContaining('Tokyo')],
  ['SET DateStyle = German', "SELECT '2026-11-30'::date::text", '30.11.2026', '2026-11-30'],
  ["SET client_encoding = 'LATIN1'", 'SHOW client_encoding', 'LATIN1', 'UTF8'],
  ['SET statement_timeout = 12345', 'SHOW statement_timeout', '12345ms', '0'],
  ['SET ROLE reader', 'SELECT current_user::text', 'reader', 'postgres'],
  ['SET SESSION AUTHORIZATION reader', 'SELECT session_user::text', 'reader', 'postgres'],
  ["SET parley.tenant = 'a b'", "SELECT coalesce(current_setting('parley.tenant', true), '')", 'a b', ''],
  ['SET default_transaction_read_only = on', 'SHOW transaction_read_only', 'on', 'off'],
  ['PREPARE who AS SELECT 7', 'SELECT count(*)::int FROM pg_prepared_statements', 1, 0],
  [
    "DO $$ BEGIN PERFORM set_config('search_path', 'attic', false); END $$",
    'SHOW search_path',
    'attic',
    'public',
  ],
];

describe('a connection that alters its session', () => {
  it.each(alterations)(
    '%s affects only this connection, and ends with it',
    async (statement, question, own, others) => {
      const client = await open();
      await client.query(statement);
      const [stranger, second] = [await open(), await open()];
      for (let turn = 0; turn < 3; turn += 1) {
        expect(await request()).toBe('ada');
        expect(await value(stranger, question)).toEqual(others);
        expect(await value(client, question)).toEqual(own);
      }
      vanish(client);
      expect(await value(second, question)).toEqual(others);
      expect(await request()).toBe('ada');
    },
  );

  it('two of them have their own search paths at the same time', async () => {
    const [attic, main] = [await open(), await open('-c search_path=public -c statement_timeout=777')];
    await attic.query('SET search_path = attic');
    const namesOf = async (client: pg.Client) => {
      const names = new Set<unknown>();
      for (let turn = 0; turn < 20; turn += 1) names.add(await value(client, 'SELECT name FROM people'));
      return [...names];
    };
    expect(await Promise.all([namesOf(attic), namesOf(main)])).toEqual([['old'], ['ada']]);
    expect(await value(main, 'SHOW statement_timeout')).toBe('777ms');
    expect(await value(pool, 'SHOW statement_timeout')).toBe('0');
  });

  it("keeps its prepared statements among others' statements with the same name", async () => {
    const [first, second] = [await open(), await open()];
    await first.query('PREPARE dump(int) AS SELECT $1 + 1');
    await second.query('PREPARE dump(int) AS SELECT $1 + 100');
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await value(first, 'EXECUTE dump(1)')).toBe(2);
      expect(await value(second, 'EXECUTE dump(1)')).toBe(101);
      const named = (text: string, values: unknown[]) => ({ name: 'same', text, values });
      expect((await first.query(named('SELECT $1::text AS text', ['x']))).rows).toEqual([{ text: 'x' }]);
      expect((await second.query(named('SELECT $1::int AS number', [5]))).rows).toEqual([{ number: 5 }]);
    }
  });

  it('keeps its unnamed statement while others send queries', async () => {
    const [first, second] = [await connectRaw(), await open()];
    await first.exchange(parse('', "SELECT 'mine'"), describeUnnamed, sync);
    await second.query('SELECT 1');
    expect(await first.exchange(bindUnnamed, execute, sync)).toContain('mine');
    await first.exchange(parse('', "SELECT 'again'"), sync);
    await second.query("SELECT 'theirs' WHERE $1", [true]);
    expect(await first.exchange(bindUnnamed, execute, sync)).toContain('again');
    first.close();
  });

  it('undoes a SET that its transaction rolled back', async () => {
    const client = await open();
    await client.query('BEGIN');
    await client.query('SET search_path = attic');
    await client.query('ROLLBACK');
    expect(await request()).toBe('ada');
    expect(await value(client, 'SHOW search_path')).toBe('public');
  });
});

describe('a dump', () => {
  it('by pg_dump of any version does not change the search path of requests', async () => {
    const pgDump = '/usr/bin/pg_dump';
    if (!existsSync(pgDump)) return console.warn('skipped: there is no pg_dump here');
    const { stderr, status } = spawnSync(pgDump, [engine.url], { encoding: 'utf8' });
    expect(status === 0 || stderr.includes('server version mismatch')).toBe(true);
    expect(await request()).toBe('ada');
  });

  it('is complete while requests continue', async () => {
    let isOver = false;
    const answers: unknown[] = [];
    const traffic = (async () => {
      while (!isOver) answers.push(await request());
    })();
    const dump = await open();
    for (const statement of [
      "SELECT pg_catalog.set_config('search_path', '', false)",
      'SET DATESTYLE = ISO; SET INTERVALSTYLE = POSTGRES; SET extra_float_digits TO 3; SET statement_timeout = 0',
      'BEGIN',
      'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
      'PREPARE getRelation(pg_catalog.oid) AS SELECT relname FROM pg_catalog.pg_class WHERE oid = $1',
    ]) {
      await dump.query(statement);
    }
    expect(await value(dump, "EXECUTE getRelation('public.people'::regclass)")).toBe('people');
    expect((await dump.query('SELECT * FROM public.people')).rows).toEqual([{ name: 'ada' }]);
    await dump.query('COMMIT');
    await sleep(50);
    expect(await value(dump, 'SHOW search_path')).toBe('');
    await dump.end();
    await sleep(50);
    isOver = true;
    await traffic;
    expect(new Set(answers)).toEqual(new Set(['ada']));
    expect(answers.length).toBeGreaterThan(2);
  });
});

describe('a connection with state that cannot be saved', () => {
  it.each([
    ['temporary tables', 'CREATE TEMP TABLE people (name text)'],
    ['advisory locks', 'SELECT pg_advisory_lock(1)'],
    ['cursors', 'BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT'],
    ['an open transaction', 'BEGIN'],
  ])('%s: works alone, and is ended where it is silent while others wait', async (held, statement) => {
    const client = await open();
    const ended = new Promise<Error>((resolve) => client.once('error', resolve));
    await client.query(statement);
    const waiting = request();
    expect(await value(client, 'SELECT 1')).toBe(1);
    expect(await waiting).toBe('ada');
    expect(String(await ended)).toContain(`this connection is idle with ${held}`);
    expect(await value(pool, "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'")).toBe(0);
  });

  it('lets others continue as soon as it releases that state', async () => {
    const client = await open();
    await client.query('SELECT pg_advisory_lock(2)');
    const second = await open();
    const lock = second.query('SELECT pg_try_advisory_lock(2) AS taken');
    await client.query('SELECT pg_advisory_unlock(2)');
    expect((await lock).rows).toEqual([{ taken: true }]);
    await second.query('SELECT pg_advisory_unlock_all()');
    expect(await value(client, 'SELECT 1')).toBe(1);
  });

  it('leaves nothing behind if it breaks', async () => {
    const client = await open();
    await client.query('CREATE TEMP TABLE people (name text)');
    await client.query('BEGIN');
    await client.query('SET ROLE reader');
    vanish(client);
    expect(await request()).toBe('ada');
    expect(await value(pool, 'SELECT current_user::text')).toBe('postgres');
  });

  it('gets an error for LISTEN', async () => {
    const client = await open();
    await expect(client.query('LISTEN channel')).rejects.toThrow('The embedded Postgres has no LISTEN');
    expect(await value(client, 'SELECT 1')).toBe(1);
  });
});

describe('input that is not the protocol of Postgres', () => {
  const answerTo = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(new URL(engine.url).port), '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (data) => {
        text += data;
      });
      socket.once('close', () => resolve(text));
      socket.once('error', reject);
    });

  it.each([
    ['a request of a web page', `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nSELECT 1;`],
    ['a start longer than any', '\x7f\x00\x00\x00\x00\x03\x00\x00user\0'],
  ])('%s is hung up on, unanswered', async (_, bytes) => {
    expect(await answerTo(bytes)).toBe('');
    expect(await request()).toBe('ada');
  });
});

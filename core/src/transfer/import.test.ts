import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { check } from '../audit/check.ts';
import * as messages from '../conversations/messages.ts';
import { importedGroupUuid } from '../conversations/uuids.ts';
import * as erase from '../erasure/erase.ts';
import * as erasures from '../erasure/erasures.ts';
import * as summaries from '../inbox/summaries.ts';
import * as entries from '../log/entries.ts';
import { readHistory } from '../log/fold.ts';
import { createLog } from '../log/log.ts';
import * as users from '../people/users.ts';
import { type ImportOptions, importMessages } from './import.ts';
import { type Line, planImport } from './import-plan.ts';

const corpus = process.env.PARLEY_CORPUS ?? '../shared/data/ubuntu-irc/train.jsonl.gz';
const start = Date.parse('2001-02-03T04:05:06Z');

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeEach(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
});
afterEach(() => Promise.all([table.drop(), database.close()]));

type Message = { room: string; at: string; handle: string; text: string };

/** An invented conversation. */
const message = (room: string, handle: string, index: number, text = `${handle} says ${index}`): Message => ({
  room,
  at: new Date(start + index * 1_000).toISOString(),
  handle,
  text,
});
const chatter = (room: string, people: number, count: number) =>
  Array.from({ length: count }, (_, index) => message(room, `${room}-${index % people}`, index));

const linesOf = (rows: unknown[]) =>
  async function* (): AsyncGenerator<Line> {
    for (const [index, row] of rows.entries())
      yield { number: index + 1, text: typeof row === 'string' ? row : JSON.stringify(row) };
  };

const run = (rows: unknown[], options: Partial<ImportOptions> = {}) =>
  importMessages(table, database.pool, linesOf(rows), { messageMaxChars: 1_024, ...options });

async function sourceOf(rows: unknown[]) {
  const limits = { messageMaxChars: 1_024, titleMaxChars: 100, handleMaxChars: 60, nowMs: Date.now() };
  return (await planImport(linesOf(rows)(), limits, () => {})).source;
}

async function logOf(uuid: string) {
  const log: entries.Entry[] = [];
  for await (const page of entries.pages(table, uuid, { order: 'ascending' })) log.push(...page);
  return log;
}

/** Expects each room's messages once in its log, in the order of the file, and that the invariants hold. */
async function expectImported(rows: Message[]) {
  const source = await sourceOf(rows);
  for (const room of new Set(rows.map((row) => row.room))) {
    const log = await logOf(importedGroupUuid(source, room));
    const texts = log.filter(({ type }) => type === 'message').map((entry) => entry.message);
    expect(texts).toEqual(rows.filter((row) => row.room === room).map(({ text }) => text));
  }
  const { findings, counters } = await check(table, database.pool, { settleMs: [] });
  expect(findings).toEqual([]);
  expect(counters).toMatchObject({ messages: rows.length, unknown: 0 });
}

test('rooms become groups with their people, log and times, and a second run imports nothing', async () => {
  const rows = [...chatter('tea', 3, 250), ...chatter('coffee', 2, 99)];
  const done = { total: 349, done: 349, rooms: 2, people: 5, badLines: 0, isStopped: false };
  expect(await run(rows)).toEqual({ ...done, before: 0 });
  await expectImported(rows);
  const uuid = importedGroupUuid(await sourceOf(rows), 'tea');
  const log = await logOf(uuid);
  expect(log[0]).toMatchObject({ type: 'group_created', title: 'tea', created_at: rows[0]?.at });
  expect(log.slice(1).map(({ created_at }) => created_at)).toEqual(rows.slice(0, 250).map(({ at }) => at));
  expect(log[1]).toMatchObject({ user_handle: 'tea-0', user_display_name: 'tea-0', message_count: 1 });
  expect((await readHistory(table, uuid)).members.get(log[0]?.user_uuid ?? '')?.role).toBe('admin');
  expect(await run(rows)).toEqual({ ...done, before: 349 });
  await expectImported(rows);
});

test('a person who is erased while an import writes what they said is erased from that, too', async () => {
  const rows = chatter('tea', 2, 250);
  const log = createLog(table, { batch: 'transactions' });
  const options = { deleteSignIn: async () => {}, settledMs: 0 };
  let reads = 0;
  const lines = async function* (): AsyncGenerator<Line> {
    reads += 1;
    for await (const line of linesOf(rows)()) {
      yield line;
      // After the person's messages are written, and before the members by whom an erasure finds a conversation.
      if (reads < 2 || line.number !== 150) continue;
      const uuid = (await users.findByHandle(database.pool, 'tea-0'))?.uuid ?? '';
      const erasure = (await erasures.begin(database.pool, uuid)) as erasures.Erasure;
      expect(await erase.pass(log, database.pool, erasure, options)).toBe(true);
    }
  };
  await importMessages(table, database.pool, lines, { messageMaxChars: 1_024 });
  expect(reads).toBe(2);
  for (const erasure of await erasures.unfinished(database.pool))
    await erase.pass(log, database.pool, erasure, options);
  expect(await erasures.unfinished(database.pool)).toEqual([]);
  const said = await logOf(importedGroupUuid(await sourceOf(rows), 'tea'));
  expect(said.filter((entry) => entry.message.startsWith('tea-0 says'))).toEqual([]);
  expect(said.filter((entry) => entry.message.startsWith('tea-1 says'))).toHaveLength(125);
});

test('messages of an erased person are reported line by line and are not imported', async () => {
  await run([message('tea', 'zoe', 0), message('tea', 'ada', 1)]);
  const zoe = (await users.findByHandle(database.pool, 'zoe'))?.uuid ?? '';
  await erasures.begin(database.pool, zoe);
  const reported: string[] = [];
  const rows = [
    message('coffee', 'Zoe', 2),
    message('coffee', 'ada', 3),
    'no JSON',
    message('coffee', 'zoe', 4),
  ];
  const onBadLine = (line: number, reason: string) => void reported.push(`${line} ${reason}`);
  expect(await run(rows, { onBadLine })).toMatchObject({ total: 1, done: 1, badLines: 3, people: 1 });
  expect(reported.sort()).toEqual([
    '1 handle belongs to an erased person',
    '3 not JSON',
    '4 handle belongs to an erased person',
  ]);
  const log = await logOf(importedGroupUuid(await sourceOf(rows), 'coffee'));
  expect(log.map(({ user_handle }) => user_handle)).toEqual(['ada', 'ada']);
});

test('every member has read up to their own last message', async () => {
  const rows = [...chatter('tea', 2, 10), message('tea', 'tea-0', 10), message('tea', 'tea-0', 11)];
  await run(rows);
  const uuid = importedGroupUuid(await sourceOf(rows), 'tea');
  const log = await logOf(uuid);
  const heads = summaries.createNewestEntries(table);
  for (const [handle, unread] of [
    ['tea-0', 0],
    ['tea-1', 2],
  ] as const) {
    const user = log.find(({ type, user_handle }) => type === 'message' && user_handle === handle)?.user_uuid;
    const summary = await summaries.get(table, heads, user ?? '', uuid);
    expect(summary && summaries.unreadCount(summary)).toBe(unread);
  }
});

test('each of several mixed rooms keeps its order, and a time that runs backward is raised', async () => {
  const rows = Array.from({ length: 700 }, (_, index) =>
    message(`room ${index % 7}`, `p${index % 5}`, index),
  );
  const late = { ...message('room 3', 'p1', 0), text: 'I am late' };
  await run([...rows, late]);
  await expectImported([...rows, late]);
  const log = await logOf(importedGroupUuid(await sourceOf([...rows, late]), 'room 3'));
  expect(log.at(-1)).toMatchObject({ message: 'I am late', created_at: log.at(-2)?.created_at });
});

test('a handle that differs only in case is the same person, spelled as it first appeared', async () => {
  await run([message('tea', 'Ada [away]', 0), message('tea', 'ada [AWAY]', 1), message('tea', 'BOB', 2)]);
  const { rows } = await database.pool.query('select handle, display_name, email from users order by handle');
  expect(rows).toEqual([
    { handle: 'Ada [away]', display_name: 'Ada [away]', email: null },
    { handle: 'BOB', display_name: 'BOB', email: null },
  ]);
});

test('a bad line is reported with its number and skipped', async () => {
  const good = message('tea', 'ada', 0);
  const bad: [unknown, string][] = [
    ['{"room": "tea"', 'not JSON'],
    ['', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    [{ ...good, room: undefined }, 'room is not a string'],
    [{ ...good, handle: 7 }, 'handle is not a string'],
    [{ ...good, room: ' ' }, 'room is blank'],
    [{ ...good, room: 'x'.repeat(101) }, 'room is longer than 100 characters'],
    [{ ...good, room: '\u2800\ufffc' }, 'room is blank'],
    [{ ...good, room: 'a\u202eb' }, 'room contains a control character or a directional control'],
    [{ ...good, handle: 'a\0b' }, 'handle contains a control character or a directional control'],
    [{ ...good, handle: 'a\u001b[1m' }, 'handle contains a control character or a directional control'],
    [{ ...good, handle: '..' }, 'handle is a relative path'],
    [{ ...good, handle: 'deleted-6f9619ff-8b86-4011-b42d-00c04fc964ff' }, 'handle is reserved'],
    [{ ...good, text: ' \n' }, 'text is blank'],
    [{ ...good, text: '\0\u2800\u0007' }, 'text is blank'],
    [{ ...good, text: 'x'.repeat(1_025) }, 'text is longer than 1024 characters'],
    [
      '{"room":"tea","at":"2001-02-03T04:05:06Z","handle":"a","text":"\\ud800"}',
      'text is not well-formed Unicode',
    ],
    [{ ...good, at: 'yesterday' }, 'at is not an ISO 8601 time'],
    [{ ...good, at: '2001-02-30T04:05:06Z' }, 'at is not a calendar day'],
    [{ ...good, at: '2999-01-01T00:00:00Z' }, 'at is in the future'],
  ];
  const reported: [number, string][] = [];
  const onBadLine = (line: number, reason: string) => reported.push([line, reason]);
  const result = await run([...bad.map(([line]) => line), good], { onBadLine });
  expect(reported).toEqual(bad.map(([, reason], index) => [index + 1, reason]));
  expect(result).toMatchObject({ done: 1, badLines: bad.length });
});

test('text is imported verbatim', async () => {
  const texts = [
    '👩‍👩‍👧‍👦 \u202e abc',
    "'; DROP TABLE users; --",
    '<script>',
    'line\u2028separator\r\n',
    '\0 and more',
  ];
  const rows = texts.map((text, index) => message('tea', 'ada', index, text));
  await run(rows);
  await expectImported(rows);
});

test('the people of a large room are added 48 at a time, up to 1,000', async () => {
  const rows = chatter('crowd', 150, 300);
  await run(rows);
  await expectImported(rows);
  const log = await logOf(importedGroupUuid(await sourceOf(rows), 'crowd'));
  const added = log.flatMap((entry) => ('members' in entry ? [entry.members.length] : []));
  expect(added).toEqual([48, 48, 48, 6]);
  const spoken = log.filter(({ type }) => type === 'message');
  expect(spoken.every(({ large }) => large)).toBe(true);

  const limits = { messageMaxChars: 1_024, titleMaxChars: 100, handleMaxChars: 60, nowMs: Date.now() };
  const reported: number[] = [];
  const plan = await planImport(linesOf(chatter('mass', 1_002, 1_004))(), limits, (line) =>
    reported.push(line),
  );
  expect(plan.rooms.get('mass')?.people.size).toBe(1_000);
  expect(reported).toEqual([1_001, 1_002]);
});

test('an import that was stopped continues where it was', async () => {
  const rows = [...chatter('tea', 3, 700), ...chatter('coffee', 60, 400), ...chatter('cake', 1, 30)];
  for (let isStopped = true, runs = 0; isStopped; runs += 1) {
    expect(runs).toBeLessThan(20);
    const stopping = new AbortController();
    const onProgress = ({ done, before }: { done: number; before: number }) => {
      if (done - before >= 200) stopping.abort();
    };
    ({ isStopped } = await run(rows, { onProgress, signal: stopping.signal }));
  }
  await expectImported(rows);
});

describe('with an engine that fails', () => {
  /** One request in four fails: before it is done, or after. */
  function failSometimes() {
    table.doc.middlewareStack.add(
      (next) => async (args) => {
        const fate = randomInt(8);
        const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        if (fate === 0) throw lost;
        const result = await next(args);
        if (fate === 1) throw lost;
        return result;
      },
      { step: 'initialize', name: 'failSometimes' },
    );
    return () => table.doc.middlewareStack.remove('failSometimes');
  }

  test('lost answers leave nothing out and duplicate nothing', async () => {
    const rows = [...chatter('tea', 3, 500), ...chatter('coffee', 60, 300)];
    const recover = failSometimes();
    for (let isDone = false, runs = 0; !isDone; runs += 1) {
      expect(runs).toBeLessThan(60);
      isDone = await run(rows).then(
        ({ done }) => done === rows.length,
        () => false,
      );
    }
    recover();
    await expectImported(rows);
  });
});

test('two concurrent imports of the same content import it once', async () => {
  const rows = [...chatter('tea', 3, 400), ...chatter('coffee', 60, 200)];
  await Promise.all([run(rows), run(rows)]);
  await expectImported(rows);
});

test('nobody is a member of a room before its whole log is written', async () => {
  const rows = chatter('tea', 2, 600);
  const stopping = new AbortController();
  await run(rows, { onProgress: ({ done }) => done > 0 && stopping.abort(), signal: stopping.signal });
  const messageGroupUuid = importedGroupUuid(await sourceOf(rows), 'tea');
  const [first] = await logOf(messageGroupUuid);
  const sender = { uuid: first?.user_uuid ?? '', handle: 'tea-0', display_name: 'tea-0' };
  const say = () =>
    messages.send(createLog(table, { batch: 'transactions' }), {
      messageGroupUuid,
      sender,
      message: 'what is all this?',
    });
  await expect(say()).rejects.toMatchObject({ codes: ['message_group_not_found'] });
  await run(rows);
  expect((await say()).seq).toBe(602);
  expect(await run(rows)).toMatchObject({ before: 600 });
});

const withCorpus = existsSync(corpus) ? test : test.skip;
if (!existsSync(corpus)) console.warn(`Real chat data is not at ${corpus}: its import is skipped.`);

withCorpus(
  'the first rooms of the real chat data are imported, and all invariants hold',
  async () => {
    const rows: Message[] = gunzipSync(readFileSync(corpus))
      .toString()
      .split('\n', 2_094)
      .map((line) => JSON.parse(line));
    const result = await run(rows);
    expect(result).toMatchObject({ done: rows.length, badLines: 0, rooms: 2 });
    await expectImported(rows);
  },
  60_000,
);

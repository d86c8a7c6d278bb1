import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { DeleteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as erase from '@parley/core/erasure/erase';
import * as erasures from '@parley/core/erasure/erasures';
import { createLog } from '@parley/core/log/log';
import * as users from '@parley/core/people/users';
import { type Key, parseKey } from '@parley/core/table/keys';
import { scanPages } from '@parley/core/table/read';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { startScript } from './testing/scripts.ts';

const rooms = 5;
const linesPerRoom = 1_200;

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
const folder = mkdtempSync(join(tmpdir(), 'parley-import-'));
const file = join(folder, 'chatter.jsonl.gz');

beforeAll(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  const lines = Array.from({ length: rooms * linesPerRoom }, (_, index) =>
    JSON.stringify({
      room: `room ${Math.floor(index / linesPerRoom)}`,
      at: new Date(Date.UTC(2001, 2, 3) + index * 1_000).toISOString(),
      handle: `speaker-${(index * 7) % 40}`,
      text: `line ${index}`,
    }),
  );
  lines.splice(10, 0, '{"room": "cut of');
  writeFileSync(file, gzipSync(lines.join('\r\n')));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([table.drop(), database.close()]);
});

const start = (...args: string[]) => startScript({ table, database }, args);

const itemsIn = async (TableName: string) =>
  (await table.doc.send(new ScanCommand({ TableName, Limit: 100 }))).Items ?? [];

/** The progress of the import, in lines of all rooms. */
async function linesDone() {
  const positions = await itemsIn(table.runnerName);
  return positions.reduce((sum, { line }) => sum + Number(line ?? 0), 0);
}

async function untilItWrites(child: ChildProcess) {
  const before = await linesDone();
  while (child.exitCode === null && (await linesDone()) === before) await sleep(10);
}

test('an import that is killed or stopped is completed by the next run', async () => {
  const killed = start('import', file);
  await untilItWrites(killed.child);
  killed.child.kill('SIGKILL');
  expect((await killed.ended).code).toBeNull();

  const stopped = start('import', file);
  await untilItWrites(stopped.child);
  stopped.child.kill('SIGINT');
  const { code, stdout } = await stopped.ended;
  expect(stdout).toContain('Run the same command to continue.');
  expect(code).toBe(130);

  const last = await start('import', file).ended;
  expect(last.stderr).toContain('line 11: not JSON');
  expect(last.stdout).toMatch(/of 40 people in 5 rooms/);
  expect(last.stderr).toContain('1 bad line was skipped.');
  expect(last.code).toBe(1);

  const checked = await start('check').ended;
  expect(checked.stdout).toContain('5 conversations, 6005 entries');
  expect(checked.stdout).not.toContain('✗');
  expect(checked.code).toBe(0);
}, 120_000);

test('a check with findings prints their keys and ends with 1, and its repair rebuilds summaries', async () => {
  const items = await itemsIn(table.name);
  const { pk, sk } = items.find((item) => parseKey(item as Key).item === 'summary') ?? {};
  await table.doc.send(new DeleteCommand({ TableName: table.name, Key: { pk, sk } }));
  const { stdout, code } = await start('check', '--repair').ended;
  expect(stdout).toContain('✗ 5 Members, roles and titles follow from the log: 200 members, 1 wrong');
  expect(stdout).toContain(`    ${pk} ${sk}: is missing: this person is a member`);
  expect(stdout).toContain('Repaired: 0 summaries rewritten, 1 created, 0 removed.');
  expect(code).toBe(0);

  await database.pool.query("delete from users where handle = 'speaker-0'");
  const checked = await start('check').ended;
  expect(checked.stdout).toContain('✗ 7 Everybody in the table is in Postgres');
  expect(checked.code).toBe(1);
}, 120_000);

test('a person erased after an import was killed disappears from its entries, and the next run continues without them', async () => {
  const guests = join(folder, 'guests.jsonl');
  const lines = Array.from({ length: 3_000 }, (_, index) =>
    JSON.stringify({
      room: 'inn',
      at: new Date(Date.UTC(2001, 2, 3) + index * 1_000).toISOString(),
      handle: `guest-${index % 5}`,
      text: index % 5 === 0 ? `zanzibar ${index}` : `line ${index}`,
    }),
  );
  writeFileSync(guests, lines.join('\n'));
  const killed = start('import', guests);
  await untilItWrites(killed.child);
  killed.child.kill('SIGKILL');
  expect((await killed.ended).code).toBeNull();
  expect(await secrets()).toBeGreaterThan(0);

  const { uuid = '' } = (await users.findByHandle(database.pool, 'guest-0')) ?? {};
  const erasure = (await erasures.begin(database.pool, uuid)) as erasures.Erasure;
  const log = createLog(table, { batch: 'transactions' });
  await erase.pass(log, database.pool, erasure, { deleteSignIn: async () => {}, settledMs: 0 });
  expect(await secrets()).toBe(0);
  const last = await start('import', guests).ended;
  expect(last.stderr).toContain('line 1: handle belongs to an erased person');
  expect(last.code).toBe(1);
  expect(await secrets()).toBe(0);
}, 120_000);

/** How often the table names or quotes the erased guest. */
async function secrets() {
  let found = 0;
  for await (const page of scanPages(table))
    found += JSON.stringify(page).match(/zanzibar|guest-0/g)?.length ?? 0;
  return found;
}

test('a file without any message fails, with a line at the end', async () => {
  const wrong = join(folder, 'wrong.md');
  writeFileSync(wrong, '# Notes\nnothing of it is JSON\n');
  const { code, stdout, stderr } = await start('import', wrong).ended;
  expect(stdout).toContain('Imported 0 messages of 0 people in 0 rooms');
  expect(stderr).toMatch(
    /line 1: not JSON\nline 2: not JSON\n2 bad lines were skipped\.\nNo line of this file is a message\. See --help\.\n$/,
  );
  expect(code).toBe(1);
});

test('an import that skipped lines ends with 1, and prints the first 20 of them', async () => {
  const mixed = join(folder, 'mixed.jsonl');
  const good = '{"room":"shed","at":"2001-02-03T00:00:00Z","handle":"solo","text":"hello"}';
  writeFileSync(mixed, [good, ...Array.from({ length: 30 }, () => 'nonsense')].join('\n'));
  const { code, stdout, stderr } = await start('import', mixed).ended;
  expect(stdout).toMatch(/^Imported 1 message of 1 person in 1 room in /);
  expect(stderr.match(/^line \d+: not JSON$/gm)).toHaveLength(20);
  expect(stderr).toMatch(/\nFurther bad lines are only counted\.\n30 bad lines were skipped\.\n$/);
  expect(code).toBe(1);
});

test('a file that cannot be read is reported in one line', async () => {
  const cut = join(folder, 'cut.jsonl.gz');
  writeFileSync(cut, readFileSync(file).subarray(0, 5_000));
  const plain = join(folder, 'plain.jsonl.gz');
  writeFileSync(plain, 'not packed');
  const results = await Promise.all(
    [cut, plain, folder, join(folder, 'none.jsonl')].map((path) => start('import', path).ended),
  );
  expect(results.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
    [2, '', `line 11: not JSON\n${cut} is truncated or not a gzip file: unexpected end of file.\n`],
    [2, '', `${plain} is truncated or not a gzip file: incorrect header check.\n`],
    [2, '', `${folder} is a folder. Give a file.\n`],
    [2, '', `${join(folder, 'none.jsonl')} does not exist (ENOENT).\n`],
  ]);
});

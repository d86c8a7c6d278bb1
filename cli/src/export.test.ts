import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as messageGroups from '@parley/core/conversations/message-groups';
import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import * as users from '@parley/core/people/users';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { runScript } from './testing/scripts.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let other: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
const dir = mkdtempSync(join(tmpdir(), 'parley-export-'));

beforeAll(async () => {
  [table, other, database] = await Promise.all([createTestTable(), createTestTable(), createTestDatabase()]);
  const people = await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'zoe' }]);
  const [ada, zoe] = ['ada', 'zoe'].map((handle) => people.get(handle)) as [users.Person, users.Person];
  const log = createLog(table, { batch: 'transactions' });
  const { group } = await messageGroups.create(log, { creator: ada, title: 'tea', people: [zoe] });
  for (const sender of [ada, zoe, ada])
    await messages.send(log, {
      sender,
      messageGroupUuid: group.message_group_uuid,
      message: `${sender.handle} was here`,
    });
  await messages.sendDirect(log, { sender: zoe, recipient: ada, message: 'zanzibar' });
});
afterAll(async () => {
  await Promise.all([table.drop(), other.drop(), database.close()]);
  rmSync(dir, { recursive: true });
});

const run = (on: typeof table, ...args: string[]) => runScript({ table: on, database }, args);
const manifestOf = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');

test('bin/export writes a file that bin/import restores, and a manifest that proves it', async () => {
  const file = join(dir, 'all.jsonl.gz');
  const exported = await run(table, 'export', '-o', file);
  expect(exported).toMatchObject({ code: 0, stdout: '' });
  const manifest = manifestOf(gunzipSync(readFileSync(file)).toString());
  expect(manifest).toMatchObject({ line: 'manifest', people: 2, conversations: 2, entries: 5, members: 4 });
  const alone = await run(table, 'export', '--manifest');
  expect(JSON.parse(alone.stdout)).toEqual(manifest);
  const restored = await run(other, 'import', file);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.stdout).toContain('Restored 2 people and 2 conversations: 5 of 5 entries were missing.');
  expect(JSON.parse((await run(other, 'export', '--manifest')).stdout)).toEqual(manifest);
  expect((await run(other, 'import', file)).stdout).toContain('0 of 5 entries were missing');
}, 60_000);

test('an export without disk space prints one line and leaves no file', async () => {
  const full = join(dir, 'full.jsonl');
  symlinkSync('/dev/full', `${full}.partial`);
  expect(await run(table, 'export', '-o', full)).toMatchObject({
    code: 2,
    stderr: `The export could not be written to ${full}. No space is left on the disk (ENOSPC).\n`,
  });
  expect(readdirSync(dir).filter((name) => name.startsWith('full'))).toEqual([]);
  const nowhere = join(dir, 'no folder/all.jsonl');
  expect((await run(table, 'export', '-o', nowhere)).stderr).toMatch(
    /^The export could not be written to .*all\.jsonl\. .* does not exist \(ENOENT\)\.\n$/,
  );
}, 60_000);

test('an export to a device writes to it and does not replace it', async () => {
  for (const [device, code] of [
    ['/dev/full', 2],
    ['/dev/null', 0],
  ] as const) {
    // A link, so that a faulty export would not replace the machine's own device.
    const link = join(dir, device.replaceAll('/', '-'));
    symlinkSync(device, link);
    expect((await run(table, 'export', '-o', link)).code).toBe(code);
    expect(readlinkSync(link)).toBe(device);
  }
}, 60_000);

test("file names are relative to the caller's folder", async () => {
  const stand = (...args: string[]) => runScript({ table, database }, args, { cwd: dir });
  expect(
    await stand('export', '-o', 'from here.jsonl', '--conversation', 'ada', '--conversation', 'zoe'),
  ).toMatchObject({ code: 0 });
  expect(readFileSync(join(dir, 'from here.jsonl'), 'utf8')).toContain('zanzibar');
  expect((await stand('import', './from here.jsonl')).stdout).toContain('0 of 1 entry was missing');
}, 60_000);

test('bin/export writes a conversation or a person to standard output, and prints one line about a wrong argument', async () => {
  const [conversation, person, both, nobody] = await Promise.all([
    run(table, 'export', '--conversation', 'ada', '--conversation', '@zoe'),
    run(table, 'export', '--person', 'zoe'),
    run(table, 'export', '--conversation', 'ada', '--person', 'zoe'),
    run(table, 'export', '--person', 'nobody'),
  ]);
  expect(manifestOf(conversation.stdout)).toMatchObject({ conversations: 1, entries: 1, people: 2 });
  expect(manifestOf(person.stdout)).toMatchObject({ conversations: 2, entries: 2, people: 1 });
  expect(both).toMatchObject({ code: 2, stderr: 'Give --conversation or --person, not both.\n' });
  expect(nobody).toMatchObject({ code: 2, stderr: 'Nobody has the handle or uuid nobody.\n' });
  const file = join(dir, 'person.jsonl');
  writeFileSync(file, person.stdout);
  expect(await run(other, 'import', file)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("person's own export"),
  });
  writeFileSync(file, conversation.stdout.slice(0, -80));
  expect(await run(other, 'import', file)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^[^\n]+\n$/),
  });
}, 60_000);

test('bin/erase-person erases nobody without a confirmation', async () => {
  const unasked = await run(table, 'erase-person', 'zoe');
  expect(unasked).toMatchObject({ code: 2, stdout: '' });
  expect(unasked.stderr).toMatch(
    /^This erases @zoe \(.{36}\) for good\. There is no terminal .* Add --yes if you mean it\.\n$/,
  );
  expect(await users.findByHandle(database.pool, 'zoe')).toMatchObject({ handle: 'zoe' });
});

test('bin/erase-person hides a person at once, may be killed, and is completed by --unfinished', async () => {
  const first = await runScript({ table, database }, ['erase-person', '@zoe', '--yes'], {
    killOn: /One more pass in/,
  });
  expect(first.stdout).toContain('Nobody can use this handle again');
  expect(await users.findByHandle(database.pool, 'zoe')).toBeNull();
  const whole = await run(table, 'export');
  expect(whole.stdout).not.toMatch(/zoe|zanzibar/);
  await database.pool.query(
    "update users set erased_at = erased_at - interval '61 s' where erased_at is not null",
  );
  expect(await run(table, 'erase-person', '--unfinished')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing of this person is left'),
  });
  expect(await run(table, 'erase-person', '--unfinished')).toMatchObject({ code: 0, stdout: '' });
  expect(await run(table, 'erase-person', 'zoe')).toMatchObject({ code: 2 });
  expect(await run(table, 'erase-person')).toMatchObject({ code: 2 });
}, 90_000);

import { DeleteCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { check } from '../audit/check.ts';
import { entryFromItem } from '../log/entries.ts';
import { createLog } from '../log/log.ts';
import * as users from '../people/users.ts';
import { createProjector } from '../projections/projector.ts';
import type { Table } from '../table/client.ts';
import type { Key } from '../table/keys.ts';
import { parseKey } from '../table/keys.ts';
import { type Item, scanPages } from '../table/read.ts';
import * as exporting from '../transfer/export.ts';
import { importMessages } from '../transfer/import.ts';
import type { Line } from '../transfer/import-plan.ts';
import { restore } from '../transfer/restore.ts';
import * as arrivals from './arrivals.ts';
import * as erase from './erase.ts';
import * as erasures from './erasures.ts';

/* An import or a restore dies between two writes, then a person is erased, then the same work runs again. */

let table: Awaited<ReturnType<typeof createTestTable>>;
let other: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;

beforeEach(async () => {
  [table, other, database] = await Promise.all([createTestTable(), createTestTable(), createTestDatabase()]);
});
afterEach(() => Promise.all([table.drop(), other.drop(), database.close()]));

/** A table that fails every write after the first `writes`, as for a process that dies. */
function failingAfter(on: Table, writes: number) {
  const state = { left: writes };
  const kinds = [UpdateCommand, TransactWriteCommand, PutCommand, DeleteCommand];
  const doc = new Proxy(on.doc, {
    get: (target, name) =>
      name !== 'send'
        ? Reflect.get(target, name)
        : async (command: PutCommand) => {
            if (kinds.some((kind) => command instanceof kind)) state.left -= 1;
            if (state.left < 0) throw new Error('crash');
            return target.send(command);
          },
  });
  return { ...on, doc };
}

async function stored(on: Table): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of scanPages(on)) items.push(...page);
  return items;
}

async function project(on: Table) {
  const entries = (await stored(on)).filter((item) => parseKey(item as Key).item === 'entry');
  const records = entries.map((item) => ({
    entry: entryFromItem(item),
    writtenAtMs: Date.now(),
    sequenceNumber: '',
  }));
  expect(await createProjector(on).project(records)).toEqual(new Map());
}

async function eraseOne(on: Table, handle: string) {
  const person = await users.findByHandle(database.pool, handle);
  if (!person) return;
  const erasure = (await erasures.begin(database.pool, person.uuid)) as erasures.Erasure;
  const log = createLog(on, { batch: 'transactions' });
  const options = { deleteSignIn: async () => {}, settledMs: 0 };
  expect(await erase.pass(log, database.pool, erasure, options)).toBe(true);
}

const linesOf = (texts: string[]) =>
  async function* (): AsyncGenerator<Line> {
    for (const [index, text] of texts.entries()) yield { number: index + 1, text };
  };

/** The erased person has created the first room, was added to the second, and is alone in the third. */
const chatter = ['zoe', 'ada', 'zoe', 'ada']
  .flatMap((handle, index) => [
    { room: 'hers', handle },
    { room: 'theirs', handle: index === 0 ? 'bob' : handle },
    ...(handle === 'zoe' ? [{ room: 'alone', handle }] : []),
  ])
  .map((row, index) =>
    JSON.stringify({
      ...row,
      at: new Date(Date.UTC(2001, 2, 3) + index * 1_000).toISOString(),
      text: row.handle === 'zoe' ? `zanzibar ${index}` : `tea ${index}`,
    }),
  );

const bring = (on: Table, texts = chatter) =>
  importMessages(on, database.pool, linesOf(texts), { messageMaxChars: 1_024 });

async function expectNothingOfZoe(on: Table) {
  expect(JSON.stringify(await stored(on))).not.toMatch(/zanzibar|zoe/);
}

/** Checks the result after the same work has run to its end. */
async function expectSettled(on: Table) {
  await expectNothingOfZoe(on);
  expect(await arrivals.list(on)).toEqual([]);
  expect(await erasures.unfinished(database.pool)).toEqual([]);
  await project(on);
  const { findings } = await check(on, database.pool, { settleMs: [0] });
  expect(findings).toEqual([]);
}

/** Not every write, because each death needs a separate system and some seconds. */
const stride = 3;

/** Runs the work so that it dies after 0, 3, 6, ... writes, until a run succeeds. */
async function dieEverywhere(work: (on: Table) => Promise<unknown>, then: () => Promise<void>) {
  let deaths = 0;
  for (let isDone = false; !isDone; deaths += stride) {
    isDone = await work(failingAfter(other, deaths)).then(
      () => true,
      (error) => {
        if (error.message !== 'crash') throw error;
        return false;
      },
    );
    await then();
    await Promise.all([other.drop(), database.close()]);
    [other, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  }
  return deaths;
}

test('texts that an import wrote before it died are erased with their author, and the next run succeeds', async () => {
  const deaths = await dieEverywhere(bring, async () => {
    await eraseOne(other, 'zoe');
    await expectNothingOfZoe(other);
    await bring(other);
    await expectSettled(other);
  });
  expect(deaths).toBeGreaterThan(12);
}, 120_000);

test('texts that a restore wrote before it died are erased with their author, and the next run succeeds', async () => {
  await bring(table);
  const texts: string[] = [];
  for await (const text of exporting.everything(table, database.pool)) texts.push(text.trimEnd());
  await database.pool.query('truncate users, retired_handles');
  const work = (on: Table) => restore(on, database.pool, linesOf(texts));
  const deaths = await dieEverywhere(work, async () => {
    await eraseOne(other, 'zoe');
    await expectNothingOfZoe(other);
    await work(other);
    await expectSettled(other);
  });
  expect(deaths).toBeGreaterThan(12);
}, 120_000);

test('a run that dies while erased people leave the restored groups is completed by the next run', async () => {
  await bring(table);
  const texts: string[] = [];
  for await (const text of exporting.everything(table, database.pool)) texts.push(text.trimEnd());
  await database.pool.query('truncate users, retired_handles');
  const work = async (on: Table) => {
    // The people's lines come first, so the person is restored, and then erased while the file still holds their texts.
    await restore(other, database.pool, linesOf(texts), { signal: AbortSignal.abort() });
    await eraseOne(other, 'zoe');
    await restore(on, database.pool, linesOf(texts));
  };
  const deaths = await dieEverywhere(work, async () => {
    await expectNothingOfZoe(other);
    await restore(other, database.pool, linesOf(texts));
    await expectSettled(other);
  });
  expect(deaths).toBeGreaterThan(12);
}, 120_000);

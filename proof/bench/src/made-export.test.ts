import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { readLines } from '@parley/cli/lines';
import { check } from '@parley/core/audit/check';
import { everything } from '@parley/core/transfer/export';
import { restore } from '@parley/core/transfer/restore';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { writeMadeExport } from './made-export.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
const folder = mkdtempSync(join(tmpdir(), 'parley-made-export-'));

beforeEach(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
});
afterEach(() => Promise.all([table.drop(), database.close()]));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  { entries: 3, conversations: 1, members: 10, people: 11 },
  { entries: 1_234, conversations: 12, members: 120, people: 13 },
])(
  'a made export comes back whole, breaks no invariant, and is exported as it was made: %p',
  async (counts) => {
    const file = join(folder, `${counts.entries}.jsonl`);
    await writeMadeExport(file, counts.entries);
    const { manifest, written } = await restore(table, database.pool, () => readLines(file));
    expect(manifest).toMatchObject(counts);
    expect(written).toBe(counts.entries);
    const { findings, counters } = await check(table, database.pool, { settleMs: [0] });
    expect(findings).toEqual([]);
    const { entries, conversations, members } = counts;
    expect(counters).toMatchObject({ entries, conversations, members, summaries: members });
    const exported: string[] = [];
    for await (const line of everything(table, database.pool)) exported.push(line);
    // The header tells the time, and a table hands over its conversations in an order of its own.
    const made = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(exported.slice(1).sort()).toEqual(made.slice(1).sort());
  },
);
